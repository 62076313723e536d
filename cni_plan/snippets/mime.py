"""User data as a MIME multipart message, which launch templates take and merge."""

_BOUNDARY = "CNIPLAN"


def multipart(text: str, media_type: str) -> str:
    """One part of a type in a multipart message; the boundary is one that the text does not hold."""
    boundary = _BOUNDARY
    while boundary in text:
        boundary += "X"
    return (
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="{boundary}"\n'
        "\n"
        f"--{boundary}\n"
        f"Content-Type: {media_type}\n"
        "\n"
        f"{text}"
        f"\n--{boundary}--\n"
    )
