"""Makes the embedded font: a TrueType font reduced to some ranges of characters, without hinting and layout tables.

Usage: subset.py SOURCE.ttf TARGET.ttf [FIRST-LAST …]    (characters in hexadecimal; by default those below)
"""
import struct
import sys

RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x2B0, 0x2DD), (0x300, 0x345), (0x370, 0x3FF), (0x400, 0x52F), (0x1E00, 0x1FFF), (0x2010, 0x2027),
          (0x2030, 0x205E), (0x2070, 0x209C), (0x20A0, 0x20B9), (0x2100, 0x214F), (0x2150, 0x2184), (0x2190, 0x21FF), (0x2200, 0x22FF),
          (0x25A0, 0x25FF), (0x2600, 0x266F), (0x2713, 0x2718), (0xFB00, 0xFB06), (0xFFFC, 0xFFFD)]

if len(sys.argv) > 3:
    RANGES = [tuple(int(end, 16) for end in part.split("-")) for part in sys.argv[3:]]

data = open(sys.argv[1], "rb").read()
tables = {}
for i in range(struct.unpack_from(">H", data, 4)[0]):
    tag, _, offset, length = struct.unpack_from(">4sIII", data, 12 + 16 * i)
    tables[tag.decode()] = data[offset:offset + length]


def read_cmap(table):
    for i in range(struct.unpack_from(">H", table, 2)[0]):
        platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * i)
        if (platform, encoding) == (3, 10) and struct.unpack_from(">H", table, offset)[0] == 12:
            return {first + k: glyph + k
                    for first, last, glyph in struct.iter_unpack(">III", table[offset + 16:offset + 16 + 12 * struct.unpack_from(">I", table, offset + 12)[0]])
                    for k in range(last - first + 1)}
    raise SystemExit("no Unicode cmap of format 12")


characters = {c: g for c, g in read_cmap(tables["cmap"]).items() if any(a <= c <= b for a, b in RANGES)}
head, hhea, maxp = bytearray(tables["head"]), bytearray(tables["hhea"]), bytearray(tables["maxp"])
count = struct.unpack_from(">H", maxp, 4)[0]
long_loca = struct.unpack_from(">h", head, 50)[0]
loca = struct.unpack(f">{count + 1}I", tables["loca"]) if long_loca else [2 * v for v in struct.unpack(f">{count + 1}H", tables["loca"])]
metrics = struct.unpack_from(">H", hhea, 34)[0]


def components(glyph):
    """Offsets of the glyph numbers inside a composite glyph."""
    if len(glyph) < 10 or struct.unpack_from(">h", glyph)[0] >= 0:
        return
    at = 10
    while True:
        flags = struct.unpack_from(">H", glyph, at)[0]
        yield at + 2
        at += 4 + (4 if flags & 1 else 2) + (2 if flags & 8 else 4 if flags & 0x40 else 8 if flags & 0x80 else 0)
        if not flags & 0x20:
            return


def strip(glyph):
    """Without instructions."""
    if len(glyph) < 10:
        return b""
    contours = struct.unpack_from(">h", glyph)[0]
    if contours >= 0:
        at = 10 + 2 * contours
        return glyph[:at] + b"\0\0" + glyph[at + 2 + struct.unpack_from(">H", glyph, at)[0]:]
    glyph = bytearray(glyph)
    for at in components(bytes(glyph)):
        glyph[at - 2:at] = struct.pack(">H", struct.unpack_from(">H", glyph, at - 2)[0] & ~0x100)
        end = at
    flags = struct.unpack_from(">H", glyph, end - 2)[0]
    return bytes(glyph[:end + 2 + (4 if flags & 1 else 2) + (2 if flags & 8 else 4 if flags & 0x40 else 8 if flags & 0x80 else 0)])


def glyph_of(index):
    return tables["glyf"][loca[index]:loca[index + 1]]


keep, queue = {0}, [0, *characters.values()]
while queue:
    index = queue.pop()
    keep.add(index)
    queue += [g for at in components(glyph_of(index)) if (g := struct.unpack_from(">H", glyph_of(index), at)[0]) not in keep]
order = sorted(keep)
number = {old: new for new, old in enumerate(order)}

glyf, new_loca, hmtx = bytearray(), [0], bytearray()
for old in order:
    glyph = bytearray(strip(glyph_of(old)))
    for at in list(components(bytes(glyph))):
        glyph[at:at + 2] = struct.pack(">H", number[struct.unpack_from(">H", glyph, at)[0]])
    glyf += glyph + b"\0" * (-len(glyph) % 4)
    new_loca.append(len(glyf))
    advance = struct.unpack_from(">H", tables["hmtx"], 4 * min(old, metrics - 1))[0]
    bearing = struct.unpack_from(">h", tables["hmtx"], 4 * old + 2 if old < metrics else 4 * metrics + 2 * (old - metrics))[0]
    hmtx += struct.pack(">Hh", advance, bearing)

groups = []
for c in sorted(characters):
    g = number[characters[c]]
    if groups and groups[-1][1] == c - 1 and groups[-1][2] + c - groups[-1][0] == g:
        groups[-1][1] = c
    else:
        groups.append([c, c, g])
cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(">HHIII", 12, 0, 16 + 12 * len(groups), 0, len(groups))
cmap += b"".join(struct.pack(">III", *g) for g in groups)

struct.pack_into(">h", head, 50, 1)
struct.pack_into(">I", head, 8, 0)
struct.pack_into(">H", hhea, 34, len(order))
struct.pack_into(">H", maxp, 4, len(order))
result = {"OS/2": tables["OS/2"], "cmap": cmap, "glyf": bytes(glyf), "head": bytes(head), "hhea": bytes(hhea), "hmtx": bytes(hmtx),
          "loca": struct.pack(f">{len(new_loca)}I", *new_loca), "maxp": bytes(maxp), "name": tables["name"], "post": struct.pack(">II", 0x30000, 0) + b"\0" * 24}


def checksum(table):
    table += b"\0" * (-len(table) % 4)
    return sum(struct.unpack(f">{len(table) // 4}I", table)) & 0xFFFFFFFF


power = 1 << (len(result).bit_length() - 1)
out = struct.pack(">IHHHH", 0x10000, len(result), 16 * power, power.bit_length() - 1, 16 * (len(result) - power))
offset, body, at_head = 12 + 16 * len(result), b"", 0
for tag, table in result.items():
    at_head = offset + len(body) if tag == "head" else at_head
    out += struct.pack(">4sIII", tag.encode(), checksum(table), offset + len(body), len(table))
    body += table + b"\0" * (-len(table) % 4)
font = bytearray(out + body)
struct.pack_into(">I", font, at_head + 8, (0xB1B0AFBA - checksum(bytes(font))) & 0xFFFFFFFF)
open(sys.argv[2], "wb").write(font)
print(f"{len(characters)} characters, {len(order)} glyphs, {len(font)} bytes")
