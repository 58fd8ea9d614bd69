"""Sends datagrams: one sendmmsg per burst, UDP GSO where the kernel has it, plain sendto elsewhere."""


class Egress:
    """Arena of datagrams being built, and the queue towards the kernel. One per worker process.

    `Egress()` picks the fastest way this kernel offers; `Egress(gso=False)` and
    `Egress(sendmmsg=False)` force the others.
    """
