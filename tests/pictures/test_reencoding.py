"""What is stored of a picture: what can be seen, and nothing else."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image, ImageChops, ImageCms, ImageSequence
from PIL.PngImagePlugin import PngInfo

from tests.pictures.conftest import Reencode
from tests.pictures.samples import BLUE, GREEN, RED, encoded, halves, moving, noise

SECRET = b"31.2304 N 121.4737 E"
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
ORIENTATION = 0x0112


def is_near(found: object, colour: tuple[int, ...]) -> bool:
    assert isinstance(found, tuple)
    return max(abs(a - b) for a, b in zip(found, colour)) < 12


def colours_of(image: Image.Image) -> list[tuple[int, ...]]:
    """Return the colours near the middle of the left, upper, right and lower side."""
    width, height = image.size
    x, y = width // 10, height // 10
    points = (x, height // 2), (width // 2, y), (width - x, height // 2), (width // 2, height - y)
    found = [image.convert("RGB").getpixel(point) for point in points]
    return [colour for colour in found if isinstance(colour, tuple)]


@pytest.mark.parametrize("name", TYPES)
def test_a_picture_keeps_its_type_its_size_and_its_look(reencode: Reencode, name: str) -> None:
    made = reencode(encoded(halves(), name))
    assert (made.type, made.width, made.height) == (TYPES[name], 64, 32)
    assert (made.image.format, made.image.size) == (name, (64, 32))
    left, _, right, _ = colours_of(made.image)
    assert is_near(left, RED) and is_near(right, BLUE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_stored_upright(reencode: Reencode, orientation: int) -> None:
    image = Image.new("RGB", (64, 32), GREEN)
    image.paste(RED, (0, 0, 8, 32))
    image.paste(BLUE, (0, 0, 64, 8))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    made = reencode(encoded(image, "PNG", exif=exif))
    # Where red (left) and blue (upper) come to stand, by the EXIF standard.
    red, blue = {
        1: (0, 1),
        2: (2, 1),
        3: (2, 3),
        4: (0, 3),
        5: (1, 0),
        6: (1, 2),
        7: (3, 2),
        8: (3, 0),
    }[orientation]
    colours = colours_of(made.image)
    assert (colours[red], colours[blue]) == (RED, BLUE)
    assert (made.width, made.height) == ((64, 32) if orientation < 5 else (32, 64))
    assert made.image.getexif().get(ORIENTATION) is None


def with_secrets(name: str) -> bytes:
    """Return a picture with the secret in every kind of metadata that its type has."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = SECRET.decode()  # GPS
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
    if name == "PNG":
        text = PngInfo()
        text.add_text("Location", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return encoded(halves(), "PNG", exif=exif, pnginfo=text)
    if name == "GIF":
        return encoded(halves(), "GIF", comment=SECRET)
    extra = {"comment": SECRET} if name == "JPEG" else {}
    return encoded(halves(), name, exif=exif, xmp=xmp, **extra)


@pytest.mark.parametrize("name", TYPES)
def test_nothing_is_stored_but_what_can_be_seen(reencode: Reencode, name: str) -> None:
    sent = with_secrets(name)
    assert SECRET in sent
    made = reencode(sent)
    assert SECRET not in made.content
    assert made.image.info.keys() & {"exif", "xmp", "comment", "icc_profile", "Location"} == set()


def test_what_is_hidden_in_a_moving_picture_is_not_stored(reencode: Reencode) -> None:
    assert SECRET not in reencode(moving("GIF", comment=SECRET)).content
    assert SECRET not in reencode(moving("WEBP", xmp=SECRET)).content


@pytest.mark.parametrize("name", TYPES)
def test_what_follows_a_picture_is_not_stored(reencode: Reencode, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("page.html", "<script>alert(1)</script>")
    made = reencode(encoded(halves(), name) + b"<script>alert(1)</script>" + archive.getvalue())
    assert b"<script>" not in made.content
    assert not zipfile.is_zipfile(io.BytesIO(made.content))


def test_a_picture_for_printing_is_shown_in_colours_of_screens(reencode: Reencode) -> None:
    made = reencode(encoded(halves().convert("CMYK"), "JPEG", quality=95))
    assert made.image.mode == "RGB"
    left, _, right, _ = colours_of(made.image)
    assert is_near(left, RED) and is_near(right, BLUE)


@pytest.mark.parametrize(
    "name, image",
    [("PNG", halves()), ("PNG", halves().convert("RGBA")), ("PNG", halves().quantize(2))]
    + [("JPEG", halves()), ("WEBP", halves())],
)
def test_colours_of_another_profile_become_those_of_srgb(
    reencode: Reencode, name: str, image: Image.Image
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    made = reencode(encoded(image, name, icc_profile=swapped))
    left, _, right, _ = colours_of(made.image)
    assert is_near(left, BLUE) and is_near(right, RED)
    assert "icc_profile" not in made.image.info


def test_a_broken_profile_is_left_out(reencode: Reencode) -> None:
    made = reencode(encoded(halves(), "PNG", icc_profile=b"none" * 40))
    assert colours_of(made.image) == colours_of(halves())


def test_a_picture_of_16_bits_keeps_its_greys(reencode: Reencode) -> None:
    row = b"\x00\x40" * 20 + b"\x00\xc0" * 20
    made = reencode(encoded(Image.frombytes("I;16", (40, 20), row * 20), "PNG")).image
    assert (made.mode, made.getpixel((5, 5)), made.getpixel((30, 5))) == ("L", 0x40, 0xC0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_png_keeps_its_kind_of_pixels_and_what_is_transparent(
    reencode: Reencode, mode: str
) -> None:
    image = halves().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 10, 10))
    image = image.quantize(8) if mode == "P" else image.convert(mode)
    made = reencode(encoded(image, "PNG")).image
    assert made.mode == mode
    assert (
        made.has_transparency_data == image.has_transparency_data == (mode in ("LA", "P", "RGBA"))
    )
    assert ImageChops.difference(made.convert("RGBA"), image.convert("RGBA")).getbbox() is None


def test_a_colour_that_means_transparent_still_does(reencode: Reencode) -> None:
    made = reencode(encoded(halves(), "PNG", transparency=RED)).image.convert("RGBA")
    assert (made.getpixel((1, 1)), made.getpixel((60, 1))) == ((*RED, 0), (*BLUE, 255))


def test_the_first_of_several_pictures_in_a_photo_is_kept(reencode: Reencode) -> None:
    photo = encoded(halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    made = reencode(photo)
    assert (made.type, made.image.format, made.image.size) == ("image/jpeg", "JPEG", (64, 32))


# Pictures that move


def frames_of(content: bytes) -> list[tuple[int, Image.Image]]:
    image = Image.open(io.BytesIO(content))
    found = []
    for frame in ImageSequence.Iterator(image):
        shown = frame.convert("RGBA")
        found.append((frame.info.get("duration", 0), shown))
    return found


@pytest.mark.parametrize("clear", [False, True], ids=["on white", "on nothing"])
@pytest.mark.parametrize("name", ["GIF", "WEBP"])
def test_a_moving_picture_keeps_moving(reencode: Reencode, name: str, clear: bool) -> None:
    sent = moving(name, clear=clear)
    made = reencode(sent)
    before, after = frames_of(sent), frames_of(made.content)
    assert [time for time, _ in after] == [time for time, _ in before] == [100, 110, 120, 130]
    for (_, one), (_, other) in zip(before, after):
        background = Image.new("RGBA", one.size, (90, 90, 90, 255))
        shown = (Image.alpha_composite(background, image).convert("RGB") for image in (one, other))
        difference = ImageChops.difference(*shown).getextrema()
        assert max(most for _, most in difference) < (2 if name == "GIF" else 90)  # type: ignore
    assert made.image.info["loop"] == 0


def test_a_gif_that_moves_once_still_does(reencode: Reencode) -> None:
    made = reencode(moving("GIF", loop=None))
    assert getattr(made.image, "n_frames") == 4 and "loop" not in made.image.info


def test_of_too_many_frames_the_first_is_kept(reencode: Reencode) -> None:
    frames = [Image.new("P", (2000, 2000), number % 2) for number in range(30)]  # 120 megapixels
    frames[0].putpalette([0, 0, 0, 255, 255, 255])
    made = reencode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert getattr(made.image, "n_frames") == 1 and made.image.size == (2000, 2000)


# Previews and avatars


def test_a_small_picture_is_its_own_preview(reencode: Reencode) -> None:
    assert reencode(encoded(halves(640, 480), "PNG")).preview is None


def test_a_picture_of_many_bytes_has_a_preview_of_its_own_size(reencode: Reencode) -> None:
    made = reencode(encoded(noise(600, 600), "PNG"))
    assert len(made.content) > 100 * 1024
    assert (made.small.format, made.small.size) == ("WEBP", (600, 600))


@pytest.mark.parametrize(
    "size, expected", [((1000, 500), (640, 320)), ((641, 1282), (320, 640)), ((5000, 1), (640, 1))]
)
def test_a_preview_has_640_pixels_on_its_longer_side(
    reencode: Reencode, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    made = reencode(encoded(halves(*size), "PNG"))
    assert (made.small.size, made.image.size) == (expected, size)


def test_a_preview_is_transparent_where_the_picture_is(reencode: Reencode) -> None:
    image = halves(1000, 1000).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 500, 500))
    made = reencode(encoded(image.quantize(8), "PNG"))
    pixel = made.small.convert("RGBA").getpixel((100, 100))
    assert isinstance(pixel, tuple) and pixel[3] == 0


def test_the_preview_of_a_moving_picture_stands_still(reencode: Reencode) -> None:
    made = reencode(moving("GIF", side=700))
    assert getattr(made.image, "n_frames") == 4
    assert getattr(made.small, "n_frames", 1) == 1 and made.small.size == (640, 640)


@pytest.mark.parametrize("name", TYPES)
def test_an_avatar_is_the_middle_square(reencode: Reencode, name: str) -> None:
    image = Image.new("RGB", (900, 300), RED)
    image.paste(GREEN, (300, 0, 600, 300))
    made = reencode(encoded(image, name), "avatar")
    assert (made.type, made.width, made.height, made.preview) == ("image/webp", 256, 256, None)
    assert (made.image.format, made.image.size) == ("WEBP", (256, 256))
    assert all(is_near(colour, (0, 255, 0)) for colour in colours_of(made.image))


def test_an_avatar_is_upright_and_never_enlarged(reencode: Reencode) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    made = reencode(encoded(halves(40, 40), "JPEG", exif=exif, quality=95), "avatar")
    left, _, right, _ = colours_of(made.image)
    assert made.image.size == (40, 40)
    assert is_near(left, BLUE) and is_near(right, RED)


def test_a_moving_avatar_stands_still(reencode: Reencode) -> None:
    made = reencode(moving("WEBP"), "avatar")
    assert getattr(made.image, "n_frames", 1) == 1
