/*-------------------------------------------------------------------------
 *
 * shape.h
 *	  What the bridge reads of PostGIS's values: where a shape is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MMDB_POSTGIS_SHAPE_H
#define MMDB_POSTGIS_SHAPE_H

#include "compat.h"
#include "metric/metric_routine.h"

/* A ball that contains a shape, in so many dimensions. */
typedef struct Ball
{
	double		center[3];
	double		radius;
} Ball;

/*
 * mmdb_postgis_call: call a function of PostGIS's library with one or two
 * arguments.  Returns false if the result is NULL.
 */
extern bool mmdb_postgis_call(FmgrInfo *function, int n, Datum a, Datum b, Datum *result);

/*
 * mmdb_postgis_function: find a function of PostGIS's library that needs nothing
 * from catalogs.
 */
extern void mmdb_postgis_function(FmgrInfo *function, const char *name, int nargs);

/*
 * mmdb_shape_srid: the number of a shape's spatial reference system.
 */
extern int	mmdb_shape_srid(Datum value);

/*
 * mmdb_shape_is_null_planar, mmdb_shape_is_null_geodetic: has a shape no
 * distances, because it is empty?
 */
extern bool mmdb_shape_is_null_planar(Datum value);
extern bool mmdb_shape_is_null_geodetic(Datum value);

/*
 * mmdb_shape_check_parts: raise an error if a part of a shape is empty.
 */
extern void mmdb_shape_check_parts(Datum value);

/*
 * mmdb_shape_planar: the disc in the plane that contains a shape, which is not
 * empty.  Raises an error if a coordinate is not finite, or too large for the
 * distance to be computed.
 */
extern Ball mmdb_shape_planar(Datum value);

/*
 * mmdb_shape_geodetic: the ball that contains a shape, which is not empty, on
 * the sphere of radius 1.  Raises an error as above.
 */
extern Ball mmdb_shape_geodetic(Datum value);

/*
 * mmdb_shape_point: a point of geometry or geography.
 */
extern Datum mmdb_shape_point(int srid, double x, double y, bool geodetic);

#endif							/* MMDB_POSTGIS_SHAPE_H */
