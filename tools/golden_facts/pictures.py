"""Pictures read, resized and turned into arrays, with Pillow's pixels; ImageDataGenerator, with scipy's."""

import base64
import io

import keras
import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from PIL import Image

from . import wire

image = keras.preprocessing.image


def pixels(shape, seed=5):
    """Smooth colours with some noise, so that a JPEG of them is not all noise."""
    rows, columns, channels = shape
    r, c, k = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(channels), indexing="ij")
    values = 120 + 80 * np.sin(r / 3 + k) + 40 * np.cos(c / 2 - k) + wire.uniform(shape, seed, -15, 15)
    return np.clip(np.round(values), 0, 255).astype("uint8")


def encoded(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def files():
    colour = Image.fromarray(pixels((9, 12, 3)))
    opaque = Image.fromarray(pixels((7, 6, 4)), "RGBA")
    grey = Image.fromarray(pixels((8, 5, 1))[:, :, 0])
    deep = Image.fromarray((pixels((6, 7, 1))[:, :, 0].astype("uint16") * 200 + 77))
    return {
        "rgb.png": encoded(colour, "PNG"),
        "rgba.png": encoded(opaque, "PNG"),
        "grey.png": encoded(grey, "PNG"),
        "grey_alpha.png": encoded(opaque.convert("LA"), "PNG"),
        "deep.png": encoded(deep, "PNG"),
        "palette.png": encoded(colour.quantize(16), "PNG"),
        "bit.png": encoded(grey.convert("1"), "PNG"),
        "rgb.bmp": encoded(colour, "BMP"),
        "film.gif": encoded(colour.quantize(32), "GIF", save_all=True, append_images=[colour.quantize(8)]),
        "rgb.ppm": encoded(colour, "PPM"),
        "rgb.tif": encoded(colour, "TIFF"),
        "rgb.jpg": encoded(Image.fromarray(pixels((24, 31, 3))), "JPEG", quality=92),
        "grey.jpg": encoded(Image.fromarray(pixels((16, 17, 1))[:, :, 0]), "JPEG", quality=92),
    }


def loaded(name, data, **args):
    array = image.img_to_array(image.load_img(io.BytesIO(data), **args))
    return {"file": name, "args": args, "array": wire.array(array)}


def loads(all_files):
    out = []
    for name, data in all_files.items():
        for color_mode in ["rgb", "rgba", "grayscale"]:
            out.append(loaded(name, data, color_mode=color_mode))
    for interpolation in ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"]:
        for size in [(4, 5), (17, 13), (9, 7), (3, 40)]:
            args = {"target_size": size, "interpolation": interpolation}
            out.append(loaded("rgb.png", all_files["rgb.png"], **args))
            out.append(loaded("rgba.png", all_files["rgba.png"], color_mode="rgba", **args))
            out.append(loaded("rgb.png", all_files["rgb.png"], keep_aspect_ratio=True, **args))
        args = {"target_size": (4, 9), "color_mode": "grayscale", "interpolation": interpolation}
        out.append(loaded("deep.png", all_files["deep.png"], **args))
        out.append(loaded("grey.png", all_files["grey.png"], **args))
    return out


def arrays():
    out = []
    for name, x in {
        "numbers": wire.normal((4, 5, 3), 2),
        "large": wire.uniform((3, 4, 1), 3, -20, 900),
        "bytes": pixels((3, 5, 4)).astype("float32"),
        "flat": np.full((2, 2, 1), 7, "float32"),
        "beyond": np.array([[[-1.5], [255.9], [250.2]]], "float32"),
    }.items():
        for scale in [True, False]:
            back = image.img_to_array(image.array_to_img(x, scale=scale))
            out.append({"name": name, "scale": scale, "x": wire.array(x), "array": wire.array(back)})
    x = wire.normal((3, 4, 5), 4)
    back = image.img_to_array(image.array_to_img(x, data_format="channels_first"), data_format="channels_first")
    out.append({"name": "first", "scale": True, "x": wire.array(x), "array": wire.array(back)})
    return out


def smart():
    out = []
    for interpolation in ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]:
        for size in [(3, 9), (14, 2), (5, 5)]:
            for x in [wire.uniform((7, 10, 2), 6, 0, 255), wire.uniform((2, 5, 4, 1), 7, 0, 255)]:
                args = {"size": size, "interpolation": interpolation}
                out.append({"args": args, "x": wire.array(x), "y": wire.array(image.smart_resize(x, **args))})
    x = wire.uniform((3, 6, 4), 8, 0, 255)
    args = {"size": (4, 4), "interpolation": "bilinear", "data_format": "channels_first"}
    return out + [{"args": args, "x": wire.array(x), "y": wire.array(image.smart_resize(x, **args))}]


CHANGES = [
    {"theta": 30},
    {"theta": -90},
    {"tx": 2, "ty": -1.5},
    {"shear": 20},
    {"zx": 0.7, "zy": 1.4},
    {"theta": 17, "tx": 1.2, "ty": 0.6, "shear": -12, "zx": 1.3, "zy": 0.8},
    {"theta": 200, "tx": -9, "ty": 14, "zx": 2.5, "zy": 2.5},
]


def changes():
    out = []
    x = wire.uniform((8, 11, 3), 9, 0, 255)

    def case(args, change, x=x):
        y = ImageDataGenerator(**args).apply_transform(x, change)
        out.append({"args": args, "change": change, "x": wire.array(x), "y": wire.array(y)})

    for fill_mode in ["nearest", "constant", "reflect", "wrap"]:
        for change in CHANGES:
            case({"fill_mode": fill_mode, "cval": 7.5}, change)
        for order in [0, 2, 3, 4, 5]:
            for change in CHANGES[-2:]:
                case({"fill_mode": fill_mode, "interpolation_order": order}, change, x[:, :, :1])
    case({}, {"flip_horizontal": True})
    case({}, {"flip_vertical": True, "flip_horizontal": True, "theta": 5})
    for intensity in [40.0, -60.5]:
        case({}, {"channel_shift_intensity": intensity})
    for brightness in [0.0, 0.35, 1.0, 1.8]:
        case({}, {"brightness": brightness})
        case({}, {"brightness": brightness}, wire.uniform((4, 5, 3), 1, -2, 2))
    case({}, {"brightness": 0.5, "channel_shift_intensity": 30.0}, wire.uniform((4, 5, 4), 1, 0, 255))
    case({}, {"brightness": 0.5, "theta": 10}, wire.uniform((4, 5, 1), 1, 0, 300))
    case({"data_format": "channels_first"}, CHANGES[5], np.transpose(x, (2, 0, 1)).copy())
    return out


SETTINGS = [
    {"rotation_range": 40},
    {"width_shift_range": 0.2, "height_shift_range": 0.3},
    {"width_shift_range": 3, "height_shift_range": 1},
    {"width_shift_range": 2.5, "height_shift_range": [-4, 0, 4]},
    {"width_shift_range": [-0.3, 0.3], "height_shift_range": [0.5]},
    {"zoom_range": 0.3, "shear_range": 15},
    {"zoom_range": [0.5, 2.0], "brightness_range": (0.4, 1.3)},
    {"channel_shift_range": 50.0, "horizontal_flip": True, "vertical_flip": True},
    {"rotation_range": 10, "width_shift_range": 0.1, "height_shift_range": 0.1, "shear_range": 0.2, "zoom_range": 0.2,
     "horizontal_flip": True, "channel_shift_range": 5.0, "brightness_range": [0.8, 1.2]},
]  # fmt: skip


def number(value):
    return None if value is None else float(value)


def draws():
    out = []
    for args in SETTINGS:
        for seed in [0, 7, 4294967295]:
            drawn = ImageDataGenerator(**args).get_random_transform((10, 20, 3), seed)
            out.append({"args": args, "seed": seed, "drawn": {k: number(v) for k, v in drawn.items()}})
    return out


def scales():
    out = []
    x = wire.uniform((6, 3, 4, 2), 11, 0, 255)
    one = wire.uniform((3, 4, 2), 12, 0, 255)
    for args in [
        {"rescale": 1 / 255},
        {"samplewise_center": True},
        {"samplewise_std_normalization": True, "rescale": 0.5},
        {"featurewise_center": True},
        {"featurewise_std_normalization": True},
        {"zca_whitening": True, "zca_epsilon": 0.1},
        {"zca_whitening": True, "zca_epsilon": 2.0, "rescale": 1 / 16, "samplewise_center": True},
        {"data_format": "channels_first", "featurewise_std_normalization": True},
    ]:
        generator = ImageDataGenerator(**args)
        generator.fit(x.copy())
        y = generator.standardize(one.copy())
        out.append({"args": args, "fit": wire.array(x), "x": wire.array(one), "y": wire.array(y)})
    many = wire.uniform((40, 2, 3, 1), 13, 0, 10)
    generator = ImageDataGenerator(zca_whitening=True, zca_epsilon=1e-3)
    generator.fit(many.copy())
    y = generator.standardize(many[3].copy())
    args = {"zca_whitening": True, "zca_epsilon": 1e-3}
    out.append({"args": args, "fit": wire.array(many), "x": wire.array(many[3]), "y": wire.array(y)})
    args = {"featurewise_std_normalization": True, "rotation_range": 90, "zoom_range": 0.5}
    generator = ImageDataGenerator(**args)
    generator.fit(x.copy(), augment=True, rounds=2, seed=5)
    y = generator.standardize(one.copy())
    options = {"augment": True, "rounds": 2, "seed": 5}
    return out + [{"args": args, "options": options, "fit": wire.array(x), "x": wire.array(one), "y": wire.array(y)}]


def flows():
    out = []
    x = wire.uniform((7, 5, 6, 1), 14, 0, 255)
    y = np.arange(7, dtype="float32") % 2
    for args, options in [
        (SETTINGS[-1], {"batch_size": 3, "seed": 4}),
        ({"rotation_range": 20, "rescale": 0.5}, {"batch_size": 2, "seed": 9, "shuffle": False}),
        ({"horizontal_flip": True, "validation_split": 0.3}, {"batch_size": 4, "seed": 1, "subset": "training"}),
        ({"horizontal_flip": True, "validation_split": 0.3}, {"batch_size": 4, "seed": 1, "subset": "validation"}),
    ]:
        flow = ImageDataGenerator(**args).flow(x, y, **options)
        batches = [next(flow) for _ in range(2 * len(flow))]
        batches = [[wire.array(a), wire.array(b)] for a, b in batches]
        out.append({"args": args, "options": options, "x": wire.array(x), "y": wire.array(y), "batches": batches})
    return out


def facts():
    all_files = files()
    return {
        "files": {name: base64.b64encode(data).decode() for name, data in all_files.items()},
        "loads": loads(all_files),
        "arrays": arrays(),
        "smart_resize": smart(),
        "changes": changes(),
        "draws": draws(),
        "scales": scales(),
        "flows": flows(),
    }
