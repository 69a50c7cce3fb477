"""Charts of the summary sheet as the parts they are: bars or columns, one series on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FAINT = '<c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="D9D9D9"/></a:solidFill></a:ln></c:spPr>'
NO_LINE = "<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>"
EMU = 9525  # units of drawings in a pixel


class Series(NamedTuple):
    """Numbers of one colour: their name, their cells, the numbers, the colour as RGB."""

    name: str
    cells: str
    values: Sequence[int]
    colour: str


class Chart(NamedTuple):
    """A chart.

    Attributes:
        title: What stands above it.
        bars: Whether the bars lie, the first above; else they stand.
        cells: Where the names of the bars are.
        names: These names.
        series: Its series, one on the other.
        row: The row its upper edge is in, from 0 on.
        width: In pixels.
        height: In pixels.
    """

    title: str
    bars: bool
    cells: str
    names: Sequence[str]
    series: Sequence[Series]
    row: int
    width: int
    height: int


def chart_part(chart: Chart) -> bytes:
    """Return a chart's part."""
    series = "".join(_series(number, one, chart) for number, one in enumerate(chart.series))
    legend = '<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend>' if len(chart.series) > 1 else ""
    title = (
        '<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz="1200" b="1"/></a:pPr><a:r><a:rPr lang="zh-CN" sz="1200" b="1"/>'
        f'<a:t>{escape(chart.title)}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val="0"/></c:title>'
    )
    names_at, turn, values_at = ("l", "maxMin", "t") if chart.bars else ("b", "minMax", "l")
    small = '<c:txPr><a:bodyPr/><a:p><a:pPr><a:defRPr sz="900"/></a:pPr><a:endParaRPr lang="zh-CN"/></a:p></c:txPr>'
    names = (
        f'<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="{turn}"/></c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{names_at}"/><c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/>'
        f'<c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>{small}<c:crossAx val="2"/><c:crosses val="autoZero"/></c:catAx>'
    )
    crosses = "max" if chart.bars else "autoZero"
    values = (
        '<c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/><c:min val="0"/></c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{values_at}"/><c:majorGridlines>{FAINT}</c:majorGridlines>'
        '<c:numFmt formatCode="#,##0" sourceLinked="0"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/>'
        f'<c:tickLblPos val="nextTo"/>{NO_LINE}{small}<c:crossAx val="1"/><c:crosses val="{crosses}"/></c:valAx>'
    )
    bars = (
        f'<c:barChart><c:barDir val="{"bar" if chart.bars else "col"}"/><c:grouping val="stacked"/><c:varyColors val="0"/>'
        f'{series}<c:gapWidth val="40"/><c:overlap val="100"/><c:axId val="1"/><c:axId val="2"/></c:barChart>'
    )
    whole = (
        f'{HEAD}<c:chartSpace xmlns:c="{DRAWING}chart" xmlns:a="{DRAWING}main" xmlns:r="{RELATIONS}"><c:chart>{title}'
        f'<c:autoTitleDeleted val="0"/><c:plotArea><c:layout/>{bars}{names}{values}</c:plotArea>{legend}'
        '<c:plotVisOnly val="1"/></c:chart></c:chartSpace>'
    )
    return whole.encode()


def _series(number: int, series: Series, chart: Chart) -> str:
    """Return a series with the numbers it had when it was written, for programs that only show them."""
    names = "".join(f'<c:pt idx="{at}"><c:v>{escape(name)}</c:v></c:pt>' for at, name in enumerate(chart.names))
    values = "".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, value in enumerate(series.values))
    count = f'<c:ptCount val="{len(chart.names)}"/>'
    return (
        f'<c:ser><c:idx val="{number}"/><c:order val="{number}"/><c:tx><c:v>{escape(series.name)}</c:v></c:tx>'
        f'<c:spPr><a:solidFill><a:srgbClr val="{series.colour}"/></a:solidFill></c:spPr><c:invertIfNegative val="0"/>'
        f"<c:cat><c:strRef><c:f>{escape(chart.cells)}</c:f><c:strCache>{count}{names}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>{escape(series.cells)}</c:f><c:numCache><c:formatCode>General</c:formatCode>"
        f"{count}{values}</c:numCache></c:numRef></c:val></c:ser>"
    )


def drawing_part(charts: Sequence[tuple[str, Chart]], column: int) -> bytes:
    """Return the part that places charts on their sheet.

    Args:
        charts: Identifier and chart.
        column: The column their left edge is in, from 0 on.
    """
    anchors = "".join(
        f"<xdr:oneCellAnchor><xdr:from><xdr:col>{column}</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{chart.row}</xdr:row>"
        f'<xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:ext cx="{chart.width * EMU}" cy="{chart.height * EMU}"/>'
        f'<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="{number}" name="{escape(chart.title)}"/>'
        '<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>'
        f'<a:graphic><a:graphicData uri="{DRAWING}chart"><c:chart xmlns:c="{DRAWING}chart" r:id="{link}"/>'
        "</a:graphicData></a:graphic></xdr:graphicFrame><xdr:clientData/></xdr:oneCellAnchor>"
        for number, (link, chart) in enumerate(charts, 2)
    )
    return (
        f'{HEAD}<xdr:wsDr xmlns:xdr="{DRAWING}spreadsheetDrawing" xmlns:a="{DRAWING}main" xmlns:r="{RELATIONS}">'
        f"{anchors}</xdr:wsDr>"
    ).encode()
