"""What a transfer did, instance by instance."""

from dataclasses import dataclass, field


@dataclass
class TransferReport:
    """The outcome of a transfer; an instance counts as done only after status 0x0000.

    status : DIMSE status of the last answer; 0x0000 is success
    done : SOP Instance UIDs that arrived in this transfer
    failed : SOP Instance UID or path -> the reason, for all that did not arrive
    already : SOP Instance UIDs that were there before and did not travel again
    left_out : paths that are not DICOM images
    completed : instances that the peer says it sent, after a C-GET or C-MOVE
    proved : the archive listed every instance, or every file was read, after the transfer
    responses : answers received, the final one included
    """

    status: int = 0x0000
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    already: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    completed: int = 0
    proved: bool = False
    responses: int = 0

    def __repr__(self):
        parts = [f"{len(self.done)} done"] if self.done or not self.completed else []
        if self.completed:
            parts.append(f"{self.completed} sent by the peer in {self.responses} responses")
        if self.already:
            parts.append(f"{len(self.already)} already there")
        if self.failed:
            parts.append(f"{len(self.failed)} failed")
        if self.left_out:
            parts.append(f"{len(self.left_out)} left out")
        return f"0x{self.status:04X}: {', '.join(parts)}"

    def reasons(self) -> str:
        """Each reason once, with how many instances it stopped."""
        counts: dict[str, int] = {}
        for reason in self.failed.values():
            counts[reason] = counts.get(reason, 0) + 1
        return "; ".join(f"{count} x {reason}" for reason, count in counts.items())
