"""Spatial frames, where geopandas is there."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from enrich.errors import UnstorableValueError
from enrich.store.codecs import decode, encode

from .exactness import assert_same, round_trip, stored
from .pickling import KeyedPickler

geopandas = pytest.importorskip("geopandas")
shapely = pytest.importorskip("shapely")


def places(crs: Any = "EPSG:4326", **columns: Any) -> Any:
    shapes = [shapely.Point(1.1, 2), None, shapely.LineString([(0, 0), (1, 1.5)])]
    return geopandas.GeoDataFrame({"name": ["a", "b", "c"], **columns}, geometry=shapes, crs=crs)


KINDS = {
    "points and lines": places,
    "without a CRS": lambda: places(None),
    "with a CRS of its own": lambda: places("+proj=tmerc +lat_0=1 +lon_0=9 +k=1 +x_0=0 +y_0=0 +ellps=WGS84"),
    "with two geometries": lambda: places(other=geopandas.GeoSeries([shapely.Point(0, 0, 5)] * 3)),
    "with another active geometry": lambda: places().rename_geometry("shape"),
    "empty shapes": lambda: geopandas.GeoDataFrame(geometry=[shapely.Point(), shapely.Polygon()]),
    "polygons with holes": lambda: geopandas.GeoDataFrame(
        geometry=[
            shapely.box(0, 0, 9, 9).difference(shapely.box(1, 1, 2, 2)),
            shapely.MultiPoint([(0, 0), (1, 1)]),
        ]
    ),
    "rings": lambda: geopandas.GeoDataFrame(
        geometry=[
            shapely.LinearRing([(0, 0, 1), (1, 1, 2), (1, 0, 3)]),
            shapely.Point(1, 2),
            None,
            shapely.LinearRing(),
        ]
    ),
    "points with measures": lambda: geopandas.GeoDataFrame(
        geometry=shapely.from_wkt(["POINT M (1 2 3)", "POINT ZM (1 2 3 4)"])
    ),
    "no rows": lambda: places().head(0),
    "with attrs": lambda: with_attrs(places()),
}


def with_attrs(frame: Any) -> Any:
    frame.attrs = {"a": (1,)}
    return frame


@pytest.mark.parametrize("kind", KINDS)
def test_spatial_frame_comes_back_as_it_was(kind: str) -> None:
    frame = KINDS[kind]()
    assert_same(frame, round_trip(frame))
    assert round_trip(frame).crs == frame.crs


@pytest.mark.parametrize("kind", KINDS)
def test_spatial_frame_is_a_frame(kind: str) -> None:
    frame = KINDS[kind]()
    assert_same(frame, decode(stored(frame), as_type=pd.DataFrame))


def test_spatial_series_comes_back_as_it_was() -> None:
    series = places().geometry
    back = round_trip(series)
    assert_same(series, back)
    assert back.crs == series.crs


def test_spatial_methods_work_on_what_was_read() -> None:
    back = round_trip(places())
    assert back.to_crs(3857).geometry.iloc[0].x == pytest.approx(122451.4, rel=1e-4)
    assert len(back.cx[0:2, 0:3]) == 2


def test_geometries_are_well_known_binary_to_other_tools() -> None:
    table = pa.ipc.open_file(io.BytesIO(stored(places()))).read_all()
    assert shapely.from_wkb(table["geometry"][0].as_py()) == shapely.Point(1.1, 2)


def test_chosen_columns_of_a_spatial_frame() -> None:
    assert decode(stored(places()), columns=["name"]).columns.tolist() == ["name"]
    assert decode(stored(places()), columns=["geometry"]).geometry.iloc[0] == shapely.Point(1.1, 2)


def test_linear_ring_in_a_collection_is_refused_also_with_pickle() -> None:
    ring = shapely.LinearRing([(0, 0), (1, 1), (1, 0)])
    for pickler in (None, KeyedPickler()):
        with pytest.raises(UnstorableValueError, match="Convert linear rings"):
            encode(geopandas.GeoSeries([shapely.GeometryCollection([ring])]), pickler=pickler)


def test_precision_and_number_of_the_reference_system_come_back() -> None:
    shapes = [
        shapely.set_precision(shapely.Point(1.23, 2, 3), 0.1),
        None,
        shapely.set_srid(shapely.Point(), 4326),
    ]
    back = round_trip(geopandas.GeoSeries([*shapes, shapely.set_srid(shapely.LinearRing(), 7)]))
    assert shapely.get_precision(back.array).tolist()[::2] == [0.1, 0.0]
    assert shapely.get_srid(back.array).tolist() == [0, -1, 4326, 7]


def test_flags_of_a_spatial_series_come_back() -> None:
    series = places().geometry.set_flags(allows_duplicate_labels=False)
    assert not round_trip(series).flags.allows_duplicate_labels


def test_plain_frame_with_a_geometry_column() -> None:
    frame = pd.DataFrame({"g": geopandas.array.from_shapely([shapely.Point(1, 2)])})
    assert_same(frame, round_trip(frame))
