"""Who sees, changes and comments on documents. Pure."""

from rooms.documents.records import Comment, Document, DocumentDraft, Limits, Reader, Visibility
from rooms.errors import N_
from rooms.meetings.records import MeetingState

MAX_TITLE_CHARS = 300
MAX_COMMENT_CHARS = 5_000
MAX_DOCUMENTS = 200  # of a meeting
COMMENTED = (MeetingState.APPROVED, MeetingState.INVITED, MeetingState.REHEARSAL)
HIDDEN = (MeetingState.DRAFT, MeetingState.PENDING)  # from all but the secretariat
FIXED = (MeetingState.ARCHIVED,)


def sees(reader: Reader, document: Document, state: MeetingState) -> bool:
    """Whether a reader knows that a document is there at all."""
    if reader.edits:
        return True
    if not reader.invited or state in HIDDEN:
        return False
    if reader.leads:
        return True
    match document.visibility:
        case Visibility.ALL:
            return True
        case Visibility.SITES:
            return bool(reader.sites & document.sites)
        case _:
            return False


def may_edit(reader: Reader, state: MeetingState) -> bool:
    return reader.edits and state not in FIXED


def may_comment(reader: Reader, document: Document, state: MeetingState) -> bool:
    """Delegates say what they think before the meeting begins."""
    return state in COMMENTED and sees(reader, document, state)


def sees_comment(reader: Reader, document: Document, comment: Comment) -> bool:
    """The secretariat and the author; everybody, where comments are open."""
    return reader.edits or document.open_comments or comment.author == reader.key


def faults(draft: DocumentDraft, invited: frozenset[int], agenda: frozenset[int]) -> dict[str, str]:
    """A msgid for each field at fault."""
    found = {}
    if len(draft.title) > MAX_TITLE_CHARS:
        found["title"] = N_("Tên tài liệu dài quá 300 ký tự.")
    if draft.visibility is Visibility.SITES and not draft.sites:
        found["sites"] = N_("Chọn ít nhất một điểm cầu được xem.")
    if draft.sites - invited:
        found["sites"] = N_("Có điểm cầu không được mời họp.")
    if draft.agenda_item_id is not None and draft.agenda_item_id not in agenda:
        found["agenda_item"] = N_("Nội dung này không còn trong chương trình.")
    return found


def comment_fault(text: str) -> str | None:
    if not text.strip():
        return N_("Nhập ý kiến góp ý.")
    return N_("Ý kiến dài quá 5000 ký tự.") if len(text) > MAX_COMMENT_CHARS else None


def room_left(limits: Limits, used_bytes: int) -> int:
    """Bytes the next file of a meeting may have."""
    return max(0, min(limits.file_bytes, limits.meeting_bytes - used_bytes))
