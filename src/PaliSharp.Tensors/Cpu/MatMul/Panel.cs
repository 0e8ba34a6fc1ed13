using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>Copies between matrices as they are stored and the panels the tile kernels read.</summary>
/// <remarks>
/// Transposing works on squares of eight by eight elements where there are 256-bit vectors, and of four by four, which every processor has
/// in some form; it touches each element of x and y once in the whole product and is a few per cent of its time.
/// </remarks>
internal static unsafe class Panel
{
    /// <summary>panel[element, row] = x[row, element]; missing rows become zero.</summary>
    /// <param name="x">The first row.</param>
    /// <param name="stride">The distance of two rows.</param>
    /// <param name="rows">The rows of x.</param>
    /// <param name="depth">The elements of each row.</param>
    /// <param name="panel">Receives <c>[depth, width]</c>.</param>
    /// <param name="width">The rows of the panel, a multiple of four or less than four.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* x, nint stride, int rows, int depth, float* panel, int width)
    {
        int row = 0;
        if (Avx.IsSupported)
        {
            for (; row + 8 <= rows; row += 8)
            {
                float* source = x + (row * stride);
                float* target = panel + row;
                nint k = 0;
                for (; k + 8 <= depth; k += 8, target += 8 * width)
                {
                    AskForLines(source + (8 * stride) + k, stride, Math.Min(8, rows - row - 8));
                    TransposeLargeSquare(source + k, stride, Vector256<float>.Zero, target, width);
                }

                for (; k < depth; k++, target += width)
                {
                    for (nint i = 0; i < 8; i++)
                        target[i] = source[(i * stride) + k];
                }
            }
        }

        for (; row + 4 <= rows; row += 4)
        {
            float* x0 = x + (row * stride);
            float* x1 = x0 + stride;
            float* x2 = x1 + stride;
            float* x3 = x2 + stride;
            float* target = panel + row;
            nint k = 0;
            for (; k + 4 <= depth; k += 4, target += 4 * width)
                TransposeSquare(x0 + k, x1 + k, x2 + k, x3 + k, Vector128<float>.Zero, target, width);
            for (; k < depth; k++, target += width)
                Vector128.Create(x0[k], x1[k], x2[k], x3[k]).Store(target);
        }

        for (; row < width; row++)
        {
            float* source = x + (row * stride);
            float* target = panel + row;
            for (nint k = 0; k < depth; k++, target += width)
                *target = row < rows ? source[k] : 0;
        }
    }

    /// <summary>target[j, i] = rows[i][j] + add[i], four by four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeSquare(
        float* row0, float* row1, float* row2, float* row3, Vector128<float> add, float* target, nint stride)
    {
        Vector128<float> column0, column1, column2, column3;
        if (Sse.IsSupported)
        {
            Vector128<float> a = Vector128.Load(row0), b = Vector128.Load(row1), c = Vector128.Load(row2), d = Vector128.Load(row3);
            Vector128<float> lowAB = Sse.UnpackLow(a, b), lowCD = Sse.UnpackLow(c, d);
            Vector128<float> highAB = Sse.UnpackHigh(a, b), highCD = Sse.UnpackHigh(c, d);
            column0 = Sse.MoveLowToHigh(lowAB, lowCD);
            column1 = Sse.MoveHighToLow(lowCD, lowAB);
            column2 = Sse.MoveLowToHigh(highAB, highCD);
            column3 = Sse.MoveHighToLow(highCD, highAB);
        }
        else if (AdvSimd.Arm64.IsSupported)
        {
            Vector128<float> a = Vector128.Load(row0), b = Vector128.Load(row1), c = Vector128.Load(row2), d = Vector128.Load(row3);
            Vector128<float> lowAC = AdvSimd.Arm64.ZipLow(a, c), lowBD = AdvSimd.Arm64.ZipLow(b, d);
            Vector128<float> highAC = AdvSimd.Arm64.ZipHigh(a, c), highBD = AdvSimd.Arm64.ZipHigh(b, d);
            column0 = AdvSimd.Arm64.ZipLow(lowAC, lowBD);
            column1 = AdvSimd.Arm64.ZipHigh(lowAC, lowBD);
            column2 = AdvSimd.Arm64.ZipLow(highAC, highBD);
            column3 = AdvSimd.Arm64.ZipHigh(highAC, highBD);
        }
        else
        {
            column0 = Vector128.Create(row0[0], row1[0], row2[0], row3[0]);
            column1 = Vector128.Create(row0[1], row1[1], row2[1], row3[1]);
            column2 = Vector128.Create(row0[2], row1[2], row2[2], row3[2]);
            column3 = Vector128.Create(row0[3], row1[3], row2[3], row3[3]);
        }

        (column0 + add).Store(target);
        (column1 + add).Store(target + stride);
        (column2 + add).Store(target + (2 * stride));
        (column3 + add).Store(target + (3 * stride));
    }

    /// <summary>target[j, i] = source[i, j] + add[i], eight by eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeLargeSquare(float* source, nint sourceStride, Vector256<float> add, float* target, nint stride)
    {
        Vector256<float> a = Vector256.Load(source), b = Vector256.Load(source + sourceStride);
        Vector256<float> c = Vector256.Load(source + (2 * sourceStride)), d = Vector256.Load(source + (3 * sourceStride));
        float* half = source + (4 * sourceStride);
        Vector256<float> e = Vector256.Load(half), f = Vector256.Load(half + sourceStride);
        Vector256<float> g = Vector256.Load(half + (2 * sourceStride)), h = Vector256.Load(half + (3 * sourceStride));

        // Pairs, then fours, within halves of the vectors; then the halves. The names tell the rows and the columns of the lower half.
        Vector256<float> ab01 = Avx.UnpackLow(a, b), ab23 = Avx.UnpackHigh(a, b), cd01 = Avx.UnpackLow(c, d), cd23 = Avx.UnpackHigh(c, d);
        Vector256<float> ef01 = Avx.UnpackLow(e, f), ef23 = Avx.UnpackHigh(e, f), gh01 = Avx.UnpackLow(g, h), gh23 = Avx.UnpackHigh(g, h);
        Vector256<float> upper0 = Avx.Shuffle(ab01, cd01, 0x44), upper1 = Avx.Shuffle(ab01, cd01, 0xEE);
        Vector256<float> upper2 = Avx.Shuffle(ab23, cd23, 0x44), upper3 = Avx.Shuffle(ab23, cd23, 0xEE);
        Vector256<float> lower0 = Avx.Shuffle(ef01, gh01, 0x44), lower1 = Avx.Shuffle(ef01, gh01, 0xEE);
        Vector256<float> lower2 = Avx.Shuffle(ef23, gh23, 0x44), lower3 = Avx.Shuffle(ef23, gh23, 0xEE);
        (Avx.Permute2x128(upper0, lower0, 0x20) + add).Store(target);
        (Avx.Permute2x128(upper1, lower1, 0x20) + add).Store(target + stride);
        (Avx.Permute2x128(upper2, lower2, 0x20) + add).Store(target + (2 * stride));
        (Avx.Permute2x128(upper3, lower3, 0x20) + add).Store(target + (3 * stride));
        target += 4 * stride;
        (Avx.Permute2x128(upper0, lower0, 0x31) + add).Store(target);
        (Avx.Permute2x128(upper1, lower1, 0x31) + add).Store(target + stride);
        (Avx.Permute2x128(upper2, lower2, 0x31) + add).Store(target + (2 * stride));
        (Avx.Permute2x128(upper3, lower3, 0x31) + add).Store(target + (3 * stride));
    }

    /// <summary>Asks for the lines of as many rows, which are to be read or written soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AskForLines(float* first, nint stride, int rows)
    {
        for (nint i = 0; i < rows; i++)
            Sse.Prefetch1(first + (i * stride));
    }

    /// <summary>y[row, output] = sums[output, row] + bias[output].</summary>
    /// <param name="sums">The sums, <c>[outputs, sumStride]</c>.</param>
    /// <param name="sumStride">The distance of two outputs' sums.</param>
    /// <param name="outputs">The columns of y.</param>
    /// <param name="rows">The rows of y.</param>
    /// <param name="bias">One value for each output, or null.</param>
    /// <param name="y">The first element.</param>
    /// <param name="stride">The distance of two rows of y.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TransposeTo(float* sums, nint sumStride, int outputs, int rows, float* bias, float* y, nint stride)
    {
        const int Group = 8;
        for (int first = 0; first < rows; first += Group)
        {
            int last = Math.Min(rows, first + Group);
            int output = 0;
            if (Avx.IsSupported && last - first == Group)
            {
                for (; output + Group <= outputs; output += Group)
                {
                    Vector256<float> add = bias == null ? Vector256<float>.Zero : Vector256.Load(bias + output);
                    float* target = y + (first * stride) + output;
                    AskForLines(target + (Group * stride), stride, Math.Min(Group, rows - last));
                    TransposeLargeSquare(sums + (output * sumStride) + first, sumStride, add, target, stride);
                }
            }

            for (; output + 4 <= outputs; output += 4)
            {
                Vector128<float> add = bias == null ? Vector128<float>.Zero : Vector128.Load(bias + output);
                float* s0 = sums + (output * sumStride);
                float* s1 = s0 + sumStride;
                float* s2 = s1 + sumStride;
                float* s3 = s2 + sumStride;
                float* target = y + (first * stride) + output;
                nint row = first;
                for (; row + 4 <= last; row += 4, target += 4 * stride)
                    TransposeSquare(s0 + row, s1 + row, s2 + row, s3 + row, add, target, stride);
                for (; row < last; row++, target += stride)
                    (Vector128.Create(s0[row], s1[row], s2[row], s3[row]) + add).Store(target);
            }

            for (; output < outputs; output++)
            {
                float add = bias == null ? 0 : bias[output];
                float* source = sums + (output * sumStride);
                float* target = y + (first * stride) + output;
                for (nint row = first; row < last; row++, target += stride)
                    *target = source[row] + add;
            }
        }
    }

    /// <summary>panel[output, element] = weight[output, start + element] as float32; missing outputs become zero.</summary>
    /// <param name="weight">The elements of the first output's row.</param>
    /// <param name="rowBytes">The distance of two rows in bytes.</param>
    /// <param name="start">The first element, a multiple of the vector.</param>
    /// <param name="depth">The elements to widen.</param>
    /// <param name="outputs">The rows of the weight.</param>
    /// <param name="paddedOutputs">The rows of the panel.</param>
    /// <param name="panel">Receives <c>[paddedOutputs, stride]</c>, of which the first <paramref name="depth"/> columns are set.</param>
    /// <param name="stride">The distance of two rows of the panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen<TSimd, TVector, TElement>(
        byte* weight, nint rowBytes, int start, int depth, int outputs, int paddedOutputs, float* panel, nint stride)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
        where TElement : struct, IWeightElement<TSimd, TVector>
    {
        for (int output = 0; output < outputs; output++)
        {
            nint k = 0;
            for (; k + TSimd.Count <= depth; k += TSimd.Count)
                TSimd.Store(TElement.Load(weight, start + k), panel + k);
            for (; k < depth; k++)
                panel[k] = TElement.LoadOne(weight, start + k);
            weight += rowBytes;
            panel += stride;
        }

        for (int output = outputs; output < paddedOutputs; output++, panel += stride)
            new Span<float>(panel, depth).Clear();
    }

    /// <summary>result = a + b, or a alone.</summary>
    /// <param name="a">The first terms.</param>
    /// <param name="b">The second terms, not read if <paramref name="first"/>.</param>
    /// <param name="count">The number of terms, a multiple of the vector.</param>
    /// <param name="result">Receives the sums; may be <paramref name="a"/> or <paramref name="b"/>.</param>
    /// <param name="first">True if there are no second terms yet.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<TSimd, TVector>(float* a, float* b, nint count, float* result, bool first)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (nint i = 0; i < count; i += TSimd.Count)
            TSimd.Store(first ? TSimd.Load(a + i) : TSimd.Add(TSimd.Load(a + i), TSimd.Load(b + i)), result + i);
    }
}
