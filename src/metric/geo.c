/*-------------------------------------------------------------------------
 *
 * geo.c
 *	  Metrics of point: L2 (the built-in operator <->), L1, and the great
 *	  circle distance in metres of points (longitude, latitude) in degrees.
 *
 * The earth is a sphere of radius 6371008.8 m, the mean radius R1 of the
 * ellipsoid GRS 80 (Moritz, "Geodetic Reference System 1980", 2000).  The
 * angle between two points comes from their unit vectors u and v as
 * 2 atan2(|u - v|, |u + v|) (Kahan, "How futile are mindless assessments of
 * roundoff", 2006), which is accurate for near, far and antipodal points
 * alike.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/geo_decls.h"

#include "metric/metric.h"

#define EARTH_RADIUS	6371008.8

PG_FUNCTION_INFO_V1(mm_point_l2_routine);
PG_FUNCTION_INFO_V1(mm_point_l1);
PG_FUNCTION_INFO_V1(mm_point_l1_routine);
PG_FUNCTION_INFO_V1(mm_point_geo);
PG_FUNCTION_INFO_V1(mm_point_geo_routine);

static void *
prepare_point(Datum query, Oid collation)
{
	return memcpy(palloc(sizeof(Point)), DatumGetPointP(query), sizeof(Point));
}

static double
distance_l2(void *prepared, Datum value, double bound)
{
	return DatumGetFloat8(DirectFunctionCall2(point_distance, value,
											  PointPGetDatum((Point *) prepared)));
}

/*
 * L1, by the same rules as the built-in L2: an infinite or NaN coordinate
 * gives an infinite or NaN distance.
 */
static double
l1(const Point *a, const Point *b)
{
	return fabs(a->x - b->x) + fabs(a->y - b->y);
}

static double
distance_l1(void *prepared, Datum value, double bound)
{
	return l1(prepared, DatumGetPointP(value));
}

/*
 * Sine and cosine of an angle in degrees.  They are exact at multiples of 90
 * degrees, so that longitudes 180 and -180 are one place, and so that a pole
 * is the same at any longitude.
 */
static void
sin_cos_degrees(double degrees, double *sine, double *cosine)
{
	double		x = fabs(remainder(degrees, 360.0));	/* 0 .. 180, exact */
	double		folded = x > 90.0 ? 180.0 - x : x;	/* 0 .. 90 */
	double		s,
				c;

	if (folded <= 45.0)
	{
		s = sin(folded * (M_PI / 180.0));
		c = cos(folded * (M_PI / 180.0));
	}
	else
	{
		s = cos((90.0 - folded) * (M_PI / 180.0));
		c = sin((90.0 - folded) * (M_PI / 180.0));
	}
	*sine = remainder(degrees, 360.0) < 0.0 ? -s : s;
	*cosine = x > 90.0 ? -c : c;
}

/*
 * A place on the earth as a unit vector.
 */
typedef struct Place
{
	double		x,
				y,
				z;
} Place;

static Place
place_of(const Point *p)
{
	double		sin_lon,
				cos_lon,
				sin_lat,
				cos_lat;

	if (!isfinite(p->x) || !(fabs(p->y) <= 90.0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("point (%s,%s) is not a longitude and latitude",
						float8out_internal(p->x), float8out_internal(p->y)),
				 errdetail("The latitude, its second coordinate, must be between -90 and 90."),
				 errhint("Places are points (longitude, latitude), in degrees.")));

	sin_cos_degrees(p->x, &sin_lon, &cos_lon);
	sin_cos_degrees(p->y, &sin_lat, &cos_lat);
	return (Place) {cos_lat * cos_lon, cos_lat * sin_lon, sin_lat};
}

static double
great_circle(const Place *u, const Place *v)
{
	double		dx = u->x - v->x;
	double		dy = u->y - v->y;
	double		dz = u->z - v->z;
	double		sx = u->x + v->x;
	double		sy = u->y + v->y;
	double		sz = u->z + v->z;

	return 2.0 * EARTH_RADIUS * atan2(sqrt(dx * dx + dy * dy + dz * dz),
									  sqrt(sx * sx + sy * sy + sz * sz));
}

static void *
prepare_geo(Datum query, Oid collation)
{
	Place	   *prepared = palloc(sizeof(Place));

	*prepared = place_of(DatumGetPointP(query));
	return prepared;
}

static void
check_geo(Datum value, Oid collation)
{
	(void) place_of(DatumGetPointP(value));
}

static double
distance_geo(void *prepared, Datum value, double bound)
{
	Place		place = place_of(DatumGetPointP(value));

	return great_circle(prepared, &place);
}

static void
coordinates_point(Datum value, Oid collation, double *x)
{
	const Point *p = DatumGetPointP(value);

	x[0] = metric_coordinate(p->x);
	x[1] = metric_coordinate(p->y);
}

static int
embedding_l2(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_L2;
	*transform = METRIC_IDENTITY;
	return 2;
}

static int
embedding_l1(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_L1;
	*transform = METRIC_IDENTITY;
	return 2;
}

/*
 * The unit vector of a place.  The distance is 2 R asin(c / 2) = R (c + c^3 /
 * 24 + ...) of the chord c, and the series has no negative terms.
 */
static void
coordinates_geo(Datum value, Oid collation, double *x)
{
	Place		place = place_of(DatumGetPointP(value));

	x[0] = place.x;
	x[1] = place.y;
	x[2] = place.z;
}

static int
embedding_geo(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_L2;
	*transform = (MetricTransform) {
		.clamp = 2.0f,
		.c1 = EARTH_RADIUS,
		.c3 = EARTH_RADIUS / 24,
	};
	return 3;
}

Datum
mm_point_l2_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_point,
		.distance = distance_l2,
		.embedding = embedding_l2,
		.coordinates = coordinates_point,
	};

	PG_RETURN_POINTER(&routine);
}

Datum
mm_point_l1(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(l1(PG_GETARG_POINT_P(0), PG_GETARG_POINT_P(1)));
}

Datum
mm_point_l1_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_point,
		.distance = distance_l1,
		.embedding = embedding_l1,
		.coordinates = coordinates_point,
	};

	PG_RETURN_POINTER(&routine);
}

Datum
mm_point_geo(PG_FUNCTION_ARGS)
{
	Place		a = place_of(PG_GETARG_POINT_P(0));
	Place		b = place_of(PG_GETARG_POINT_P(1));

	PG_RETURN_FLOAT8(great_circle(&a, &b));
}

Datum
mm_point_geo_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_geo,
		.distance = distance_geo,
		.check = check_geo,
		.finite = true,
		.embedding = embedding_geo,
		.coordinates = coordinates_geo,
	};

	PG_RETURN_POINTER(&routine);
}
