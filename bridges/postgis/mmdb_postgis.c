/*-------------------------------------------------------------------------
 *
 * mmdb_postgis.c
 *	  The bridge to PostGIS: the distances of geometry and geography, which are
 *	  those of PostGIS's operator <->.
 *
 * A geometry is indexed by a disc in the plane that contains it, and a geography
 * by a ball that contains it on the sphere of radius 1.  The distance of two
 * shapes is at least that of their balls.  Of points, the balls are points
 * themselves.  This needs no triangle inequality, which holds for points only:
 * two shapes may be apart, and both touch a third.
 *
 * Geography.  The operator measures along great circles of a sphere.  Its radius
 * R is the mean radius of the spheroid of the spatial reference system.  (Only
 * functions such as ST_Distance measure on the spheroid itself.)  Places at the
 * chord c of the sphere of radius 1 are 2 R asin(c / 2) = R (c + c^3 / 24 + ...)
 * apart, and the series has no negative terms.
 *
 * Errors.  PostGIS takes places as the same if they differ by less than 1e-12 in
 * longitude and latitude.  Distances to the edges of shapes may go through the
 * arc cosine of a number near 1, which is off by up to 1.5e-8.  Both are well
 * within CHORD_ERROR.  In the plane, the error is that of some operations in
 * double precision on differences that are not larger than the distance and the
 * two radii together; and kernels take off more than that.
 *
 * Empty shapes have no distances: the operator returns NULL.  Collections with an
 * empty part are a matter of chance.  In the plane, PostGIS's distance to one may
 * be that to the parts that come first, which a bound for the whole is a bound
 * for, or NULL for all other shapes.  On the sphere, it may be NULL for some
 * shapes only, and so the index refuses such collections.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_amproc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "shape.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(mmdb_postgis_geometry_routine);
PG_FUNCTION_INFO_V1(mmdb_postgis_geography_routine);

#define CHORD_ERROR		2e-7

/* Distances in the plane are never as large as this. */
#define MOST_PLANAR		1e38

/*
 * FUNCTION 1 of a class, and the OID of the FUNCTION 2 that it was found by.
 */
typedef struct Distance
{
	Oid			routine;
	FmgrInfo	function;
} Distance;

static Distance planar;
static Distance geodetic;

/*
 * Find FUNCTION 1 of the operator class that has this FUNCTION 2.  PostGIS finds
 * its table of spatial reference systems by the OID of the function that it is
 * called by, so it has to be this very function.
 */
static void
find_distance(Distance *distance, Oid routine)
{
	Relation	amproc;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			function = InvalidOid;

	if (distance->routine == routine)
		return;
	amproc = table_open(AccessMethodProcedureRelationId, AccessShareLock);
	scan = systable_beginscan(amproc, InvalidOid, false, NULL, 0, NULL);
	while (!OidIsValid(function) && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_amproc form = (Form_pg_amproc) GETSTRUCT(tuple);

		if (form->amproc == routine)
			function = get_opfamily_proc(form->amprocfamily, form->amproclefttype,
										 form->amprocrighttype, 1);
	}
	systable_endscan(scan);
	table_close(amproc, AccessShareLock);
	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no operator class has function %u as support function", routine)));
	fmgr_info_cxt(function, &distance->function, TopMemoryContext);
	distance->routine = routine;
}

/*
 * A prepared query is a copy of its value.
 */
static void *
copy_shape(Datum query)
{
	return PG_DETOAST_DATUM_COPY(query);
}

static double
distance_by(Distance *distance, Datum value, void *prepared)
{
	Datum		result;

	if (!mmdb_postgis_call(&distance->function, 2, PointerGetDatum(PG_DETOAST_DATUM(value)),
						   PointerGetDatum(prepared), &result))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("PostGIS knows no distance of two shapes that are not empty")));
	return DatumGetFloat8(result);
}

/* ---------- geometry ---------- */

static void
check_geometry(Datum value, Oid collation)
{
	(void) mmdb_shape_planar(value);
}

static void *
prepare_geometry(Datum query, Oid collation)
{
	check_geometry(query, collation);
	return copy_shape(query);
}

static double
distance_geometry(void *prepared, Datum value, double bound)
{
	return distance_by(&planar, value, prepared);
}

static int
embedding_geometry(int srid, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_BALLS;
	*transform = (MetricTransform) {
		.clamp = MOST_PLANAR,
		.c1 = 1.0f,
	};
	return 3;
}

static void
coordinates_geometry(Datum value, Oid collation, double *x)
{
	Ball		ball = mmdb_shape_planar(value);

	x[0] = ball.center[0];
	x[1] = ball.center[1];
	x[2] = ball.radius;
}

/* ---------- geography ---------- */

static void
check_geography(Datum value, Oid collation)
{
	mmdb_shape_check_parts(value);
	(void) mmdb_shape_geodetic(value);
}

static void *
prepare_geography(Datum query, Oid collation)
{
	check_geography(query, collation);
	return copy_shape(query);
}

static double
distance_geography(void *prepared, Datum value, double bound)
{
	return distance_by(&geodetic, value, prepared);
}

/*
 * The radius of the sphere of a spatial reference system: that which makes the
 * operator's distance of a quarter of the equator.
 */
static double
sphere_radius(int srid)
{
	return distance_by(&geodetic, mmdb_shape_point(srid, 0, 0, true),
					   DatumGetPointer(mmdb_shape_point(srid, 90, 0, true))) / M_PI_2;
}

static int
embedding_geography(int srid, MetricNorm *norm, MetricTransform *transform)
{
	/* There may be no value yet that would tell; then no bound is known. */
	double		radius = srid < 0 ? 0.0 : sphere_radius(srid);

	*norm = METRIC_NORM_BALLS;
	*transform = (MetricTransform) {
		.clamp = 2.0f,
		.c1 = (float) radius,
		.c3 = (float) (radius / 24),
		.absolute = (float) CHORD_ERROR,
	};
	return 4;
}

static void
coordinates_geography(Datum value, Oid collation, double *x)
{
	Ball		ball = mmdb_shape_geodetic(value);

	for (int i = 0; i < 3; i++)
		x[i] = ball.center[i];
	x[3] = ball.radius;
}

/* ---------- routines ---------- */

static const char srid_hint[] =
	"ST_SetSRID says what the query's coordinates are, and ST_Transform computes those of another system.";

Datum
mmdb_postgis_geometry_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_geometry,
		.distance = distance_geometry,
		.check = check_geometry,
		.dimensions = mmdb_shape_srid,
		.dimensions_name = "SRID",
		.dimensions_hint = srid_hint,
		.finite = true,
		.embedding = embedding_geometry,
		.coordinates = coordinates_geometry,
		.no_triangle = true,
		.asymmetric = true,
		.is_null = mmdb_shape_is_null_planar,
	};

	find_distance(&planar, fcinfo->flinfo->fn_oid);
	PG_RETURN_POINTER(&routine);
}

Datum
mmdb_postgis_geography_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_geography,
		.distance = distance_geography,
		.check = check_geography,
		.dimensions = mmdb_shape_srid,
		.dimensions_name = "SRID",
		.dimensions_hint = srid_hint,
		.finite = true,
		.embedding = embedding_geography,
		.coordinates = coordinates_geography,
		.no_triangle = true,
		.asymmetric = true,
		.is_null = mmdb_shape_is_null_geodetic,
	};

	find_distance(&geodetic, fcinfo->flinfo->fn_oid);
	PG_RETURN_POINTER(&routine);
}
