"""The error of an emulation that cannot go on."""


class EmulationError(Exception):
    """The emulated CPU stopped amid a call, and the process is of no further use.

    `ended` is `hang`, or `unable` if the emulated CPU cannot do what was asked of it.
    """

    def __init__(self, text: str, ended: str) -> None:
        super().__init__(text)
        self.ended = ended
