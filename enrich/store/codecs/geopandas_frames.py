"""GeoDataFrames and GeoSeries: geometries as WKB, which any spatial tool reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyproj
import shapely  # type: ignore[import-untyped]
from geopandas.array import GeometryArray, GeometryDtype

from .arrow_columns import arrow_decoder, encode_arrow
from .arrow_file import ArrowEntry
from .arrow_layout import Body, Column, Spec
from .context import KINDS, TABLES, Node, Reader, Writer
from .entry import Encoded, Pickler, Refusal, excerpt
from .memory import FrameReader, ReadColumn
from .pandas_columns import ARRAYS, PLAIN, SPECS
from .pandas_frames import decode_frame, decode_series, encode_frame, encode_series, with_extras


def _geometries(writer: Writer, body: Body, values: GeometryArray) -> tuple[Column, Spec]:
    shapes = np.asarray(values, dtype=object)
    texts = shapely.to_wkb(shapes, include_srid=True)
    rings = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.LINEARRING)
    grids = np.nan_to_num(shapely.get_precision(shapes))
    same = _is_same(_shapes(texts, rings, grids), shapes)
    if not same.all():
        # A pickle of geopandas' is WKB too.
        raise Refusal(
            f"WKB has no exact form of {excerpt(shapes[~same][0])}",
            "Convert linear rings in collections to line strings.",
            pickle_helps=False,
        )
    column, content = encode_arrow(body, pa.array(texts, pa.large_binary()))
    spec = {"t": "geometry", "c": content, "crs": _crs(writer, values.crs)}
    if len(rings) or grids.any():
        spec["besides"] = [writer.node(rings), writer.node(grids)]
    return column, spec


def _shapes(texts: Any, rings: Any, grids: Any) -> Any:
    """Geometries of WKB, and what that has no words for: which are rings rather than lines, and their precision."""
    shapes = shapely.from_wkb(texts)
    for at in rings:
        shapes[at] = shapely.set_srid(shapely.LinearRing(shapes[at].coords), shapely.get_srid(shapes[at]))
    return shapely.set_precision(shapes, grids, mode="pointwise") if grids.any() else shapes


def _is_same(back: Any, shapes: Any) -> Any:
    same = shapely.equals_identical(back, shapes)
    for property_of in (shapely.get_precision, shapely.get_srid):
        same &= property_of(back) == property_of(shapes)
    return same | shapely.is_missing(shapes)


def _crs(writer: Writer, crs: pyproj.CRS | None) -> Node:
    if crs is None:
        return None
    for text in (crs.srs, crs.to_json()):
        if pyproj.CRS.from_user_input(text).to_json() == crs.to_json():
            return text
    raise Refusal(f"its CRS {excerpt(crs)} has no exact text", "Set a CRS that an authority defines.")


def _decoder(spec: Spec) -> ReadColumn:
    texts = arrow_decoder(spec["c"])

    def decode(source: FrameReader, base: int, rows: int) -> GeometryArray:
        found = texts(source, base, rows).to_numpy(zero_copy_only=False)
        crs = None if spec["crs"] is None else pyproj.CRS.from_user_input(spec["crs"])
        rings, grids = map(source.reader.value, spec["besides"]) if "besides" in spec else ((), np.zeros(1))
        return GeometryArray(_shapes(found, rings, grids), crs=crs)

    return decode


def _encode_frame(frame: geopandas.GeoDataFrame, pickler: Pickler | None = None) -> Encoded:
    name = frame._geometry_column_name
    writer = Writer(pickler)
    return encode_frame(frame, pickler, "geopandas.GeoDataFrame", {"geometry": [writer.node(name)]})


def _read_frame(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> geopandas.GeoDataFrame:
    frame = geopandas.GeoDataFrame(decode_frame(entry, reader, columns))
    name = reader.value(entry.plan["geometry"][0])
    # The name is kept also where the column it names isn't among those asked for.
    frame._geometry_column_name = name
    return with_extras(frame, reader, entry.plan)


def _encode_series(series: geopandas.GeoSeries, pickler: Pickler | None = None) -> Encoded:
    return encode_series(series, pickler, "geopandas.GeoSeries")


def _read_series(entry: ArrowEntry, reader: Reader, columns: Any) -> geopandas.GeoSeries:
    series = geopandas.GeoSeries(decode_series(entry, reader, columns))
    return with_extras(series, reader, entry.plan)


ARRAYS[GeometryDtype] = _geometries
SPECS["geometry"] = _decoder
PLAIN["geometry"] = lambda spec: True
TABLES[geopandas.GeoDataFrame] = _encode_frame
TABLES[geopandas.GeoSeries] = _encode_series
KINDS["geopandas.GeoDataFrame"] = _read_frame
KINDS["geopandas.GeoSeries"] = _read_series
