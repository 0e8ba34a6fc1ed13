#!/usr/bin/python3
"""Times the picture libraries of the system, driven by `PaliSharp.Bench imaging`.

Needs libturbojpeg, libpng 1.6, libwebp and Pillow (Debian: libturbojpeg0 libpng16-16 libwebp7 python3-pil), all called in this process.
Reads one request a line, writes one answer a line:
    make FOLDER PICTURE...      writes the files to measure, answers with their names
    OPERATION RUNS FILE [...]   answers with the seconds of the fastest and of the middle run
Decoders write into a buffer that is kept, so that no run pays for fresh memory.
"""
import ctypes
import io
import os
import sys
import time

from PIL import Image

os.environ["TJ_OPTIMIZE"] = "1"  # Huffman codes made for the picture, as in the encoder that is compared
ACCURATE_DCT = 4096
TJPF_RGB = 0
TJSAMP_420 = 2
PNG_RGB = 2
PNG_RGBA = 3

turbojpeg = ctypes.CDLL("libturbojpeg.so.0")
turbojpeg.tjInitDecompress.restype = ctypes.c_void_p
turbojpeg.tjInitCompress.restype = ctypes.c_void_p
libpng = ctypes.CDLL("libpng16.so.16")
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
    return lambda: check(turbojpeg.tjDecompress2(
        handle, data, ctypes.c_ulong(len(data)), target, width.value, 0, height.value, TJPF_RGB, ACCURATE_DCT) == 0, "JPEG")


def png_decoder(data):
    target = ctypes.create_string_buffer(1)

    def run():
        nonlocal target
        image = PngImage(version=1)
        check(libpng.png_image_begin_read_from_memory(ctypes.byref(image), data, ctypes.c_size_t(len(data))), image.message)
        image.format = PNG_RGBA if image.format & 1 else PNG_RGB
        size = image.width * image.height * (4 if image.format == PNG_RGBA else 3)
        if len(target) != size:
            target = ctypes.create_string_buffer(size)
        check(libpng.png_image_finish_read(ctypes.byref(image), None, target, ctypes.c_int32(0), None), image.message)

    return run


def webp_decoder(data):
    picture = Image.open(io.BytesIO(data))
    channels = 4 if picture.mode == "RGBA" else 3
    stride = picture.width * channels
    target = ctypes.create_string_buffer(stride * picture.height)
    decode = libwebp.WebPDecodeRGBAInto if channels == 4 else libwebp.WebPDecodeRGBInto
    decode.restype = ctypes.c_void_p
    return lambda: check(decode(data, ctypes.c_size_t(len(data)), target, ctypes.c_size_t(len(target)), ctypes.c_int(stride)), "WebP")


def jpeg_encoder(data):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    pixels = picture.tobytes()
    handle = ctypes.c_void_p(turbojpeg.tjInitCompress())
    buffer = ctypes.c_void_p()
    size = ctypes.c_ulong()
    return lambda: check(turbojpeg.tjCompress2(
        handle, pixels, picture.width, 0, picture.height, TJPF_RGB, ctypes.byref(buffer), ctypes.byref(size), TJSAMP_420, 90, ACCURATE_DCT) == 0, "JPEG")


def png_encoder(data):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    pixels = picture.tobytes()
    target = ctypes.create_string_buffer(len(pixels) * 2)

    def run():
        image = PngImage(version=1, width=picture.width, height=picture.height, format=PNG_RGB)
        size = ctypes.c_size_t(len(target))
        check(libpng.png_image_write_to_memory(ctypes.byref(image), target, ctypes.byref(size), 0, pixels, 0, None), image.message)

    return run


def resizer(data, side, kernel):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.load()
    return lambda: picture.resize((int(side), int(side)), getattr(Image, kernel.upper()))


OPERATIONS = {
    "jpeg": jpeg_decoder, "png": png_decoder, "webp": webp_decoder,
    "encode-jpeg": jpeg_encoder, "encode-png": png_encoder, "resize": resizer}


def measure(operation, runs, path, *more):
    with open(path, "rb") as file:
        run = OPERATIONS[operation](file.read(), *more)
    times = []
    for _ in range(int(runs)):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    times.sort()
    return f"{times[0]:.9f} {times[len(times) // 2]:.9f}"


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
        "small-rgb.png": (small, {}),
        "photo-q80.webp": (mosaic, dict(quality=80, method=4)),
        "photo-alpha-q80.webp": (translucent, dict(quality=80, method=4)),
        "small-q75.webp": (small, dict(quality=75, method=4)),
        "photo-lossless.webp": (mosaic, dict(lossless=True, method=3)),
        "palette-lossless.webp": (flat.convert("RGB"), dict(lossless=True, method=3)),
    }
    for name, (picture, options) in files.items():
        picture.save(os.path.join(folder, name), **options)
    return " ".join(files)


for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split("\t")
    print(make(*arguments) if command == "make" else measure(command, *arguments), flush=True)
