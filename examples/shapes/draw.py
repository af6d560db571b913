# Draws the pictures of the shapes example: ten kinds of shapes, any colour, size and angle, on plain, graded, striped or
# chequered grounds, crossed by strokes, with noise. Everything comes from the numpy generator that is passed in: same seed, same pictures.
import math

import numpy as np
from PIL import Image, ImageDraw

SIZE = 48      # pixels, width and height of a picture
SMOOTH = 4     # drawn this many times larger, then averaged down
KINDS = ['circle', 'ring', 'square', 'triangle', 'star', 'cross', 'heart', 'arrow', 'crescent', 'bolt']


def ring_of_points(n, radius=1.0, start=-math.pi / 2):
    return [(radius * math.cos(start + 2 * math.pi * i / n), radius * math.sin(start + 2 * math.pi * i / n))
            for i in range(n)]


def star():
    outer, inner = ring_of_points(5), ring_of_points(5, 0.42, -math.pi / 2 + math.pi / 5)
    return [p for pair in zip(outer, inner) for p in pair]


def heart():
    points = []
    for i in range(60):
        t = 2 * math.pi * i / 60
        x, y = 16 * math.sin(t) ** 3, 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((x / 17, -y / 17))
    return points


def crescent():
    outer = [(math.cos(a), math.sin(a)) for a in np.linspace(0.6, 2 * math.pi - 0.6, 50)]
    inner = [(0.45 + 0.68 * math.cos(a), 0.68 * math.sin(a)) for a in np.linspace(2 * math.pi - 0.98, 0.98, 50)]
    return outer + inner


# Outlines in a square of [-1, 1] x [-1, 1]; y points down as in a picture.
OUTLINES = {
    'circle': ring_of_points(60),
    'ring': ring_of_points(60),          # the hole is cut in `mask`
    'square': ring_of_points(4, 1.0),
    'triangle': ring_of_points(3),
    'star': star(),
    'cross': [(-.3, -1), (.3, -1), (.3, -.3), (1, -.3), (1, .3), (.3, .3), (.3, 1), (-.3, 1), (-.3, .3), (-1, .3),
              (-1, -.3), (-.3, -.3)],
    'heart': heart(),
    'arrow': [(0, -1), (.75, -.2), (.27, -.2), (.27, 1), (-.27, 1), (-.27, -.2), (-.75, -.2)],
    'crescent': crescent(),
    'bolt': [(.25, -1), (-.6, .15), (-.05, .15), (-.25, 1), (.6, -.2), (.05, -.2)],
}


def mask(kind, rng):
    """Coverage of the shape, float [SIZE, SIZE] in 0..1."""
    big = SIZE * SMOOTH
    radius = rng.uniform(0.20, 0.40) * big
    angle = rng.uniform(0, 2 * math.pi)
    squeeze = rng.uniform(0.85, 1.0)
    cx, cy = (big / 2 + rng.uniform(-1, 1) * (0.46 * big - radius) for _ in range(2))

    def place(points, scale=1.0):
        return [(cx + radius * scale * (x * math.cos(angle) - y * squeeze * math.sin(angle)),
                 cy + radius * scale * (x * math.sin(angle) + y * squeeze * math.cos(angle))) for x, y in points]

    image = Image.new('L', (big, big), 0)
    canvas = ImageDraw.Draw(image)
    canvas.polygon(place(OUTLINES[kind]), fill=255)
    if kind == 'ring':
        canvas.polygon(place(OUTLINES[kind], rng.uniform(0.45, 0.65)), fill=0)
    return np.asarray(image, np.float64).reshape(SIZE, SMOOTH, SIZE, SMOOTH).mean((1, 3)) / 255


def ground(rng):
    """Background, float [SIZE, SIZE, 3] in 0..255, and its main colour."""
    first = rng.uniform(0, 255, 3)
    second = np.clip(first + rng.uniform(-45, 45, 3), 0, 255)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    angle, step = rng.uniform(0, 2 * math.pi), int(rng.integers(4, 12))
    along = x * math.cos(angle) + y * math.sin(angle)
    blend = [np.zeros((SIZE, SIZE)),
             (along - along.min()) / np.ptp(along),
             np.floor(along / step) % 2,
             (x // step + y // step) % 2][int(rng.integers(4))]
    return first + blend[..., None] * (second - first), (first + second) / 2


def strokes(rng):
    """Coverage of up to two straight lines from edge to edge, float [SIZE, SIZE] in 0..1."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    cover = np.zeros((SIZE, SIZE))
    for _ in range(int(rng.integers(3))):
        angle, offset = rng.uniform(0, 2 * math.pi), rng.uniform(-0.4, 0.4) * SIZE
        away = np.abs((x - SIZE / 2) * math.cos(angle) + (y - SIZE / 2) * math.sin(angle) - offset)
        cover = np.maximum(cover, np.clip(1.2 - away, 0, 1))
    return cover


def picture(kind, rng):
    """One picture, uint8 [SIZE, SIZE, 3], RGB."""
    back, main = ground(rng)
    colour = rng.uniform(0, 255, 3)
    while np.abs(colour - main).max() < 75:
        colour = rng.uniform(0, 255, 3)
    cover = mask(kind, rng)[..., None]
    mixed = back * (1 - cover) + colour * cover
    line = strokes(rng)[..., None]
    mixed = mixed * (1 - line) + rng.uniform(0, 255, 3) * line
    mixed += rng.normal(0, rng.choice([2.0, 8.0, 16.0]), mixed.shape)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def pictures(count, seed):
    """`count` pictures, the kinds in turn: uint8 [count, SIZE, SIZE, 3] and labels int64 [count]."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(KINDS)
    return np.stack([picture(KINDS[k], rng) for k in labels]), labels


def normalise(images):
    """uint8 [n, H, W, 3] -> float32 [n, 3, H, W]: (pixel - 127.5) / 64, RGB."""
    return np.ascontiguousarray(((images.astype(np.float32) - 127.5) / 64).transpose(0, 3, 1, 2))
