"""Official papers: described as data, written as .docx and PDF."""

from rooms.papers.docx import to_docx
from rooms.papers.fonts import PaperFonts
from rooms.papers.paper import (
    Block,
    Heading,
    Letterhead,
    List,
    Paper,
    Paragraph,
    Party,
    Picture,
    Run,
    Signature,
    State,
    Table,
)
from rooms.papers.pdf import to_pdf

__all__ = [
    "Block",
    "Heading",
    "Letterhead",
    "List",
    "Paper",
    "PaperFonts",
    "Paragraph",
    "Party",
    "Picture",
    "Run",
    "Signature",
    "State",
    "Table",
    "to_docx",
    "to_pdf",
]
