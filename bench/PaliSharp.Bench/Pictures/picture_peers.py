#!/usr/bin/python3
"""Times the picture libraries of the system, driven by `PaliSharp.Bench imaging`.

Needs libturbojpeg, libpng 1.6, libwebp and Pillow (Debian: libturbojpeg0 libpng16-16 libwebp7 python3-pil), all called in this process.
Reads one request a line, writes one answer a line:
    make FOLDER PICTURE...      writes the files to measure, answers with their names
    OPERATION RUNS FILE [...]   answers with the seconds of the middle run, and what came out: the SHA-256 of pixels, or the bytes of a file
Decoders write into a buffer that is kept, so that no run pays for fresh memory.
"""
import ctypes
import hashlib
import io
import os
import sys
import time

from PIL import Image, ImageDraw

os.environ["TJ_OPTIMIZE"] = "1"  # Huffman codes made for the picture, as in the encoder that is compared
ACCURATE_DCT = 4096
TJPF_RGB = 0
TJSAMP_420 = 2
PNG_GRAY = 0
PNG_RGB = 2
PNG_RGBA = 3
PNG_16_BITS_ARE_SRGB = 4
PNG_COLOR_GRAY, PNG_COLOR_RGB, PNG_COLOR_RGBA = 0, 2, 6

turbojpeg = ctypes.CDLL("libturbojpeg.so.0")
turbojpeg.tjInitDecompress.restype = ctypes.c_void_p
turbojpeg.tjInitCompress.restype = ctypes.c_void_p
libpng = ctypes.CDLL("libpng16.so.16")
for function in ("png_get_libpng_ver", "png_create_write_struct", "png_create_info_struct"):
    getattr(libpng, function).restype = ctypes.c_void_p
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libwebp = ctypes.CDLL("libwebp.so.7")


class PngImage(ctypes.Structure):
    _fields_ = [
        ("opaque", ctypes.c_void_p), ("version", ctypes.c_uint32), ("width", ctypes.c_uint32), ("height", ctypes.c_uint32),
        ("format", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("colormap_entries", ctypes.c_uint32),
        ("warning_or_error", ctypes.c_uint32), ("message", ctypes.c_char * 64)]


def check(good, what):
    if not good:
        raise RuntimeError(what)


def jpeg_decoder(data):
    handle = ctypes.c_void_p(turbojpeg.tjInitDecompress())
    width, height, sampling, space = (ctypes.c_int() for _ in range(4))
    check(turbojpeg.tjDecompressHeader3(
        handle, data, ctypes.c_ulong(len(data)), ctypes.byref(width), ctypes.byref(height), ctypes.byref(sampling), ctypes.byref(space)) == 0, "header")
    target = ctypes.create_string_buffer(width.value * height.value * 3)

    def run():
        check(turbojpeg.tjDecompress2(
            handle, data, ctypes.c_ulong(len(data)), target, width.value, 0, height.value, TJPF_RGB, ACCURATE_DCT) == 0, "JPEG")
        return target

    return run


def png_decoder(data):
    target = ctypes.create_string_buffer(1)

    def run():
        nonlocal target
        image = PngImage(version=1)
        check(libpng.png_image_begin_read_from_memory(ctypes.byref(image), data, ctypes.c_size_t(len(data))), image.message)
        image.format = PNG_RGBA if image.format & 1 else PNG_RGB
        image.flags |= PNG_16_BITS_ARE_SRGB
        size = image.width * image.height * (4 if image.format == PNG_RGBA else 3)
        if len(target) != size:
            target = ctypes.create_string_buffer(size)
        check(libpng.png_image_finish_read(ctypes.byref(image), None, target, ctypes.c_int32(0), None), image.message)
        return target

    return run


def webp_decoder(data):
    picture = Image.open(io.BytesIO(data))
    channels = 4 if picture.mode == "RGBA" else 3
    stride = picture.width * channels
    target = ctypes.create_string_buffer(stride * picture.height)
    decode = libwebp.WebPDecodeRGBAInto if channels == 4 else libwebp.WebPDecodeRGBInto
    decode.restype = ctypes.c_void_p

    def run():
        check(decode(data, ctypes.c_size_t(len(data)), target, ctypes.c_size_t(len(target)), ctypes.c_int(stride)), "WebP")
        return target

    return run


def jpeg_encoder(data):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    pixels = picture.tobytes()
    handle = ctypes.c_void_p(turbojpeg.tjInitCompress())
    buffer = ctypes.c_void_p()
    size = ctypes.c_ulong()

    def run():
        check(turbojpeg.tjCompress2(
            handle, pixels, picture.width, 0, picture.height, TJPF_RGB, ctypes.byref(buffer), ctypes.byref(size), TJSAMP_420, 90, ACCURATE_DCT) == 0, "JPEG")
        return size.value

    return run


def open_for_png(data):
    """Grey stays grey and alpha stays; palettes become colours, which is what an encoder of pixels gets."""
    picture = Image.open(io.BytesIO(data))
    return picture if picture.mode in ("L", "RGBA") else picture.convert("RGB")


def png_encoder(data):
    picture = open_for_png(data)
    pixels = picture.tobytes()
    target = ctypes.create_string_buffer(len(pixels) * 2 + 1000)
    kind = {"L": PNG_GRAY, "RGB": PNG_RGB, "RGBA": PNG_RGBA}[picture.mode]

    def run():
        image = PngImage(version=1, width=picture.width, height=picture.height, format=kind)
        size = ctypes.c_size_t(len(target))
        check(libpng.png_image_write_to_memory(ctypes.byref(image), target, ctypes.byref(size), 0, pixels, 0, None), image.message)
        return size.value

    return run


def pillow_png_encoder(data):
    picture = open_for_png(data)

    def run():
        file = io.BytesIO()
        picture.save(file, "PNG", optimize=True)
        return file.tell()

    return run


def resizer(data, side, kernel):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.load()
    return lambda: picture.resize((int(side), int(side)), getattr(Image, kernel.upper()))


OPERATIONS = {
    "jpeg": jpeg_decoder, "png": png_decoder, "webp": webp_decoder,
    "encode-jpeg": jpeg_encoder, "encode-png": png_encoder, "encode-png-pillow": pillow_png_encoder, "resize": resizer}


def measure(operation, runs, path, *more):
    with open(path, "rb") as file:
        run = OPERATIONS[operation](file.read(), *more)
    times = []
    for _ in range(int(runs)):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    times.sort()
    outcome = result if isinstance(result, int) else hashlib.sha256(result.tobytes() if isinstance(result, Image.Image) else result).hexdigest()
    return f"{times[len(times) // 2]:.9f} {outcome}"


def write_png(path, width, height, depth, color, interlaced, rows):
    """By libpng with its defaults: Pillow writes neither 16 bits of colour nor interlacing."""
    png = ctypes.c_void_p(libpng.png_create_write_struct(ctypes.c_void_p(libpng.png_get_libpng_ver(None)), None, None, None))
    info = ctypes.c_void_p(libpng.png_create_info_struct(png))
    file = ctypes.c_void_p(libc.fopen(path.encode(), b"wb"))
    libpng.png_init_io(png, file)
    libpng.png_set_IHDR(png, info, width, height, depth, color, int(interlaced), 0, 0)
    stride = len(rows) // height
    pixels = ctypes.create_string_buffer(rows, len(rows))
    start = ctypes.addressof(pixels)
    pointers = (ctypes.c_void_p * height)(*(start + y * stride for y in range(height)))
    libpng.png_set_rows(png, info, pointers)
    libpng.png_write_png(png, info, 0, None)
    libc.fclose(file)


def sixteen_bits(picture):
    """Pixels whose lower bytes are those of another part of the picture: as rich as the noise of a camera."""
    wide = bytearray(2 * len(picture.tobytes()))
    wide[0::2] = picture.tobytes()
    wide[1::2] = picture.transpose(Image.FLIP_LEFT_RIGHT).tobytes()
    return bytes(wide)


def make(folder, *pictures):
    """A mosaic of photos at their own scale has their detail; scaling them up would not."""
    tiles = [Image.open(p).convert("RGB") for p in pictures]
    mosaic = Image.new("RGB", (1920, 1440))
    y = index = 0
    while y < mosaic.height:
        x = 0
        while x < mosaic.width:
            tile = tiles[index % len(tiles)].transpose((index // len(tiles)) % 7) if index >= len(tiles) else tiles[index]
            mosaic.paste(tile, (x, y))
            x += tile.width
            index += 1
        y += min(t.height for t in tiles)
    small = mosaic.crop((0, 0, 640, 427))
    alpha = Image.linear_gradient("L").resize(mosaic.size)
    translucent = mosaic.copy()
    translucent.putalpha(alpha)
    flat = mosaic.quantize(200)
    drawn = Image.new("RGB", (1200, 900), (250, 250, 245))
    pen = ImageDraw.Draw(drawn)
    for i in range(300):
        x, y = i * 397 % 1100, i * 283 % 850
        pen.ellipse((x, y, x + i % 90, y + i % 60), fill=(i * 37 % 256, i * 91 % 256, i * 53 % 256))
        pen.text((x, y), f"label {i}", fill=(0, 0, 0))
    files = {
        "photo-420-q85.jpg": (mosaic, dict(quality=85)),
        "photo-444-q92.jpg": (mosaic, dict(quality=92, subsampling=0)),
        "photo-progressive-q85.jpg": (mosaic, dict(quality=85, progressive=True)),
        "photo-gray-q85.jpg": (mosaic.convert("L"), dict(quality=85)),
        "small-420-q75.jpg": (small, dict(quality=75)),
        "photo-rgb.png": (mosaic, {}),
        "photo-rgba.png": (translucent, {}),
        "photo-gray.png": (mosaic.convert("L"), {}),
        "palette.png": (flat, {}),
        "palette-alpha.png": (flat, dict(transparency=bytes(range(0, 200)))),
        "palette-16.png": (mosaic.quantize(16), {}),
        "small-rgb.png": (small, {}),
        "drawn.png": (drawn, {}),
        "photo-q80.webp": (mosaic, dict(quality=80, method=4)),
        "photo-alpha-q80.webp": (translucent, dict(quality=80, method=4)),
        "small-q75.webp": (small, dict(quality=75, method=4)),
        "photo-lossless.webp": (mosaic, dict(lossless=True, method=3)),
        "palette-lossless.webp": (flat.convert("RGB"), dict(lossless=True, method=3)),
    }
    for name, (picture, options) in files.items():
        picture.save(os.path.join(folder, name), **options)
    gray = mosaic.convert("L")
    written = {
        "photo-rgb16.png": (16, PNG_COLOR_RGB, False, sixteen_bits(mosaic)),
        "photo-rgba16.png": (16, PNG_COLOR_RGBA, False, sixteen_bits(translucent)),
        "photo-gray16.png": (16, PNG_COLOR_GRAY, False, sixteen_bits(gray)),
        "photo-rgb-interlaced.png": (8, PNG_COLOR_RGB, True, mosaic.tobytes()),
        "photo-rgba-interlaced.png": (8, PNG_COLOR_RGBA, True, translucent.tobytes()),
        "photo-gray-interlaced.png": (8, PNG_COLOR_GRAY, True, gray.tobytes()),
    }
    for name, (depth, color, interlaced, rows) in written.items():
        write_png(os.path.join(folder, name), *mosaic.size, depth, color, interlaced, rows)
    return " ".join([*files, *written])


for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split("\t")
    print(make(*arguments) if command == "make" else measure(command, *arguments), flush=True)
