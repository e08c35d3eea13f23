"""What can go wrong between a chart and a picture; each message says what to do and holds no patient data."""

from tools.failing import ToolFailure


class ImagingError(ToolFailure):
    """The picture could not be used: look at it in the archive, and read it without Preround."""


class ArchiveUnreachable(ImagingError):
    """The image archive could not be reached: check its address and that it is running, then try again."""


class ArchiveRefused(ImagingError):
    """The image archive refused to give this: check the credentials and what they may read."""


class ArchiveGarbled(ImagingError):
    """The image archive answered with something that is not DICOMweb: check that its address is the DICOMweb root."""


class ArchiveDeclined(ArchiveGarbled):
    """The image archive does not take such a request: check that its address is the DICOMweb root."""


class ArchiveElsewhere(ImagingError):
    """The image archive points to another address, which was not followed: use the archive's own public address."""


class StudyGone(ImagingError):
    """The image archive no longer has this: look there whether the study was moved or deleted."""


class AnswerCut(ArchiveGarbled):
    """The image archive's answer ended early: try again, and look at the archive if it stays so."""


class PictureLarge(ImagingError):
    """The picture is larger than allowed and was not read: choose fewer frames, or a smaller picture."""


class PictureUnknown(ImagingError):
    """The file is no picture that can be read: give DICOM, PNG, JPEG or TIFF."""


class PictureBroken(ImagingError):
    """The picture is damaged or incomplete: fetch it again, and look at it in the archive if it stays so."""


class PixelsMissing(ImagingError):
    """The DICOM file holds no pixels: give one that is an image."""


class PixelsUnsupported(ImagingError):
    """The picture is encoded in a way that cannot be read here: ask the archive for another transfer syntax."""


class FrameMissing(ImagingError):
    """The picture has no such frame: give a number from 1 to the number of its frames."""


class NobodysPicture(ImagingError):
    """The picture does not say whose it is and was not used: give one with a patient id, from the archive."""


class OthersPicture(ImagingError):
    """The picture says that it is another patient's and was not used: look at the study in the archive."""


class PictureNames(ImagingError):
    """Names may be burned into the picture, so it goes to no other machine: use a model on this one."""


class PictureEmpty(ImagingError):
    """Nothing is to be seen in the picture, it is one shade all over: look at it in the archive."""


class PictureTiny(ImagingError):
    """The picture is too small to be read: give the full one, not its thumbnail."""


class VolumeUnusable(ImagingError):
    """The series is no stack of slices: choose another series of the study."""


class SlideUnusable(ImagingError):
    """The slide cannot be read as a tiled picture: give one whole-slide series in DICOM."""
