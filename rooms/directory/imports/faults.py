"""What can be wrong with a list. Every fault names its line and column."""

import msgspec

from rooms.errors import N_

FAULTS: dict[str, str] = {
    # the file
    "not-text": N_("Tệp không phải văn bản UTF-8. Trong Excel chọn «CSV UTF-8» khi lưu."),
    "empty-file": N_("Tệp không có nội dung."),
    "no-lines": N_("Tệp chỉ có dòng tiêu đề."),
    "too-many-lines": N_("Tệp có quá 20.000 dòng."),
    "missing-column": N_("Thiếu cột bắt buộc."),
    "unknown-column": N_("Không có cột mang tên này."),
    "twice-column": N_("Cột này có hai lần."),
    "bad-quotes": N_("Dấu ngoặc kép mở mà không đóng, hoặc đặt sai chỗ."),
    "cells-missing": N_("Dòng thiếu ô so với dòng tiêu đề."),
    "cells-extra": N_("Dòng thừa ô so với dòng tiêu đề."),
    # a cell
    "empty": N_("Ô này bắt buộc phải có nội dung."),
    "too-long": N_("Nội dung quá dài."),
    "control-character": N_("Ô có ký tự xuống dòng hoặc ký tự điều khiển."),
    "bad-code": N_("Mã gồm chữ không dấu, số và . _ -, không quá 40 ký tự."),
    "bad-kind": N_("Loại gồm chữ thường không dấu, số và _."),
    "not-a-number": N_("Phải là một số nguyên."),
    "out-of-range": N_("Số nằm ngoài khoảng cho phép."),
    "bad-date": N_("Ngày phải có dạng ngày/tháng/năm, ví dụ 01/07/2025."),
    "bad-phone": N_("Số điện thoại không đúng."),
    "bad-email": N_("Địa chỉ thư điện tử không đúng."),
    "unknown-level": N_("Không có cấp này."),
    "unknown-tree": N_("Không có hệ thống này."),
    "unknown-microphone": N_("Không có chế độ micro này."),
    "unknown-honorific": N_("Cách xưng hô là Ông, Bà, Đồng chí hoặc để trống."),
    "not-yes-or-no": N_("Phải là Có hoặc Không."),
    "unknown-share": N_("Cách chuyển là Toàn bộ, Một phần, Giữ nguyên hoặc Giải thể."),
    # units
    "twice-code": N_("Mã này có hai lần trong tệp."),
    "unknown-parent": N_("Không có đơn vị cấp trên mang mã này."),
    "own-parent": N_("Đơn vị không thể trực thuộc chính nó."),
    "parent-cycle": N_("Các đơn vị trực thuộc lẫn nhau thành vòng."),
    "level-order": N_("Cấp của đơn vị phải thấp hơn cấp của đơn vị cấp trên."),
    "unknown-superior": N_("Không có cơ quan cấp trên mang mã này."),
    "own-superior": N_("Cơ quan không thể là cấp trên của chính nó."),
    "superior-other-tree": N_("Cơ quan cấp trên phải cùng hệ thống."),
    "bad-alias": N_("Không quá 20 tên khác, mỗi tên không quá 200 ký tự."),
    # sites, people, groups
    "unknown-unit": N_("Không có đơn vị mang mã này."),
    "unknown-person": N_("Không có cán bộ mang số này."),
    "twice-person": N_("Người này có hai lần trong tệp."),
    "ambiguous-person": N_("Có nhiều người cùng tên trong đơn vị: thêm cột Số để phân biệt."),
    "unknown-account": N_("Không có tài khoản này."),
    "twice-account": N_("Tài khoản này có hai lần trong tệp."),
    "account-taken": N_("Tài khoản này đã gắn với người khác."),
    "unknown-site": N_("Không có điểm cầu mang mã này."),
    "retired-site": N_("Điểm cầu này đã ngừng dùng."),
    "twice-site": N_("Điểm cầu này có hai lần trong cụm."),
    "two-ranks": N_("Một cụm chỉ có một thứ tự."),
    # successions
    "unknown-old": N_("Không có đơn vị cũ mang mã này vào ngày trước khi sắp xếp."),
    "unknown-new": N_("Đơn vị mới không có trong danh sách đơn vị mới."),
    "twice-line": N_("Dòng này có hai lần trong tệp."),
    "whole-and-part": N_("Đơn vị chuyển toàn bộ thì chỉ có một dòng."),
    "needs-successor": N_("Thiếu mã đơn vị mới."),
    "no-successor": N_("Đơn vị giải thể thì không có đơn vị mới."),
    "stays-but-changes": N_("Đơn vị giữ nguyên thì mã mới phải là mã cũ."),
    "code-in-use": N_("Mã này đang thuộc một đơn vị không sắp xếp."),
    "orphan": N_("Đơn vị này trực thuộc đơn vị kết thúc mà không có dòng sắp xếp."),
    "new-without-old": N_("Đơn vị mới này không có dòng nào chuyển vào."),
    "parent-ends": N_("Đơn vị cấp trên kết thúc vào ngày sắp xếp."),
}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    line: int  # as a spreadsheet counts: the header is line 1; 0: the file as a whole
    column: str  # title of the column, or what the header says; "": the line as a whole
    code: str  # of FAULTS
    value: str = ""  # what stands there
    file: str = ""  # which of several files

    @property
    def text(self) -> str:
        """The msgid for people."""
        return FAULTS[self.code]
