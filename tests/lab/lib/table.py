"""Tables for a terminal."""


def show(columns, rows):
    """Prints `rows` under `columns`; numbers to the right, words to the left, None as a dash."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(columns)] + cells) for i in range(len(columns))]
    right = [bool(rows) and all(isinstance(row[i], (int, float, type(None)))
                                and not isinstance(row[i], bool) for row in rows)
             for i in range(len(columns))]
    for row in [list(columns)] + cells:
        print("  ".join(cell.rjust(width) if is_right else cell.ljust(width)
                        for cell, width, is_right in zip(row, widths, right)).rstrip())


def _text(value):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
