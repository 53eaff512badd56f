"""Memory that a virtual machine has got from its host already.

A virtual machine gets memory from its host at the first touch, which takes ten times as long as writing to it, and
gives it back when it lies free. So before what is measured writes, some is taken and freed: several times as much as
will be written, since it is the kernel that chooses which of the free memory comes next.
"""

BYTES = 4 << 30


def take_memory() -> None:
    """Have the host give what the next turn will need."""
    assert b"x" * BYTES
