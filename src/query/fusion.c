/*-------------------------------------------------------------------------
 *
 * fusion.c
 *	  Fusion of ranked lists: aggregates over the ranks, or the distances, that
 *	  an object has in the lists that contain it.
 *
 * They are the approximate alternative to searching by a weighted sum.  An
 * object that is in no list is not found, however small its sum.
 *
 * Reciprocal rank fusion: Cormack, Clarke and Buettcher, "Reciprocal rank
 * fusion outperforms Condorcet and individual rank learning methods", 2009.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(mm_rrf_add);
PG_FUNCTION_INFO_V1(mm_late_fusion_add);

/* The constant for which Cormack et al.  found good results. */
#define DEFAULT_K	60.0

/*
 * An optional argument that must be a finite number and not negative.
 */
static double
optional_number(FunctionCallInfo fcinfo, int arg, const char *name, double otherwise)
{
	double		x = PG_NARGS() > arg ? PG_GETARG_FLOAT8(arg) : otherwise;

	if (!isfinite(x) || x < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be finite and not negative", name),
				 errdetail("It is %s.", float8out_internal(x))));
	return x;
}

/*
 * mm_rrf_add(score, rank [, weight [, k]]): score + weight / (k + rank)
 */
Datum
mm_rrf_add(PG_FUNCTION_ARGS)
{
	double		score = PG_GETARG_FLOAT8(0);
	int64		rank = PG_GETARG_INT64(1);
	double		weight = optional_number(fcinfo, 2, "weight", 1.0);
	double		k = optional_number(fcinfo, 3, "k", DEFAULT_K);

	if (rank < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rank must be at least 1, not " INT64_FORMAT, rank),
				 errhint("Ranks count from 1, as those of rank() and row_number().")));
	PG_RETURN_FLOAT8(score + weight / (k + (double) rank));
}

/*
 * mm_late_fusion_add(score, distance, farthest [, weight]): score + weight * (1 -
 * distance / farthest)
 */
Datum
mm_late_fusion_add(PG_FUNCTION_ARGS)
{
	double		score = PG_GETARG_FLOAT8(0);
	double		distance = PG_GETARG_FLOAT8(1);
	double		farthest = PG_GETARG_FLOAT8(2);
	double		weight = optional_number(fcinfo, 3, "weight", 1.0);

	if (!(distance >= 0) || !(farthest >= distance) || isinf(farthest))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("distance must be between 0 and the farthest one, which must be finite"),
				 errdetail("The distance is %s, the farthest one %s.",
						   float8out_internal(distance), float8out_internal(farthest)),
				 errhint("The farthest one is max(distance) OVER () of the list.")));
	PG_RETURN_FLOAT8(score + weight * (farthest > 0 ? 1.0 - distance / farthest : 1.0));
}
