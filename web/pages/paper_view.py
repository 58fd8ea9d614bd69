"""A paper as the page shows it: blocks by kind, texts as runs."""

from dataclasses import dataclass

from rooms.papers.paper import (
    Block,
    Form,
    Heading,
    List,
    Paper,
    Paragraph,
    Party,
    Run,
    Table,
    form_of,
    head_lines,
    number_line,
    runs_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockView:
    kind: str  # "paragraph", "heading", "list", "table"
    runs: tuple[Run, ...] = ()
    items: tuple[tuple[Run, ...], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    paper: Paper
    form: Form
    party: bool
    number: str
    superior: tuple[str, ...]
    issuer: tuple[str, ...]
    blocks: tuple[BlockView, ...]
    appendix: tuple[BlockView, ...]


def view_of(paper: Paper) -> PaperView:
    head = paper.letterhead
    return PaperView(
        paper=paper,
        form=form_of(paper),
        party=isinstance(paper.letterhead, Party),
        number=number_line(paper),
        superior=head_lines(head.superior) if head is not None and head.superior else (),
        issuer=head_lines(head.issuer) if head is not None else (),
        blocks=tuple(_block(block) for block in paper.blocks),
        appendix=tuple(_block(block) for block in paper.appendix),
    )


def _block(block: Block) -> BlockView:
    if isinstance(block, Paragraph):
        return BlockView(kind="paragraph", runs=runs_of(block.text, block.bold, block.italic))
    if isinstance(block, Heading):
        return BlockView(kind="heading", runs=(Run(block.text, bold=True),))
    if isinstance(block, List):
        return BlockView(kind="list", items=tuple(runs_of(item) for item in block.items))
    if isinstance(block, Table):
        return BlockView(kind="table", head=block.head, rows=block.rows)
    return BlockView(kind="paragraph", runs=(Run(block.caption),))
