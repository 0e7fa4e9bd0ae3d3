/*-------------------------------------------------------------------------
 *
 * describe.c
 *	  The columns of a new region tree: their metrics, by names that mean the
 *	  same on every server, and how values are embedded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_opclass.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compare.h"
#include "model/pivots.h"
#include "region/describe.h"

static char *
qualified_name(Oid namespace, const char *name)
{
	return quote_qualified_identifier(get_namespace_name(namespace), name);
}

static char *
opclass_name(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Form_pg_opclass form;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	result = qualified_name(form->opcnamespace, NameStr(form->opcname));
	ReleaseSysCache(tuple);
	return result;
}

static char *
collation_name(Oid collation)
{
	HeapTuple	tuple;
	Form_pg_collation form;
	char	   *result;

	if (!OidIsValid(collation))
		return NULL;
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	result = qualified_name(form->collnamespace, NameStr(form->collname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * A value as text that is read alike everywhere.
 */
static char *
portable_text(Oid type, Datum value)
{
	int			nest = NewGUCNestLevel();
	Oid			output;
	bool		varlena;
	char	   *result;

	(void) set_config_option("datestyle", "ISO", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
							 0, false);
	(void) set_config_option("extra_float_digits", "3", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
	getTypeOutputInfo(type, &output, &varlena);
	result = OidOutputFunctionCall(output, value);
	AtEOXact_GUC(true, nest);
	return result;
}

/*
 * The median of a coordinate, from which floats count it.
 */
static double
median_coordinate(const MMColumn *column, const Datum *values, int n, int p)
{
	double	   *x = palloc(sizeof(double) * n);
	double		median;

	for (int i = 0; i < n; i++)
	{
		double		all[METRIC_MAX_RAW_COORDINATES];

		column->space.routine->coordinates(values[i], column->space.collation, all);
		x[i] = all[p];
	}
	qsort(x, n, sizeof(double), mm_compare_doubles);
	median = x[n / 2];
	pfree(x);
	return fabs(median) < METRIC_COORDINATE_LIMIT / 4 ? median : 0.0;
}

void
mm_region_describe(MMColumn *column, double scale, const MMSample *sample, int c, MMWrittenColumn *written)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(mm_sample_size(sample), 1));
	int			n = mm_sample_values(sample, c, values);
	MetricNorm	norm = METRIC_NORM_PIVOTS;
	MetricTransform transform = METRIC_IDENTITY;
	int			ncoordinates;
	int			pivot;
	double		gain;

	written->dimensions = mm_sample_dimensions(sample, c);
	written->opclass = opclass_name(column->opclass);
	written->collation = collation_name(column->space.collation);
	ncoordinates = n == 0 ? 0 : mm_metric_embedding(&column->space, written->dimensions, &norm, &transform);
	if (ncoordinates > 0)
	{
		/* Balls of any size reach everywhere, so cells of their centers tell nothing. */
		written->norigins = norm == METRIC_NORM_BALLS ? 0 : ncoordinates;
		if (norm != METRIC_NORM_DISCRETE && transform.c1 == 1.0f)
			for (int p = 0; p < written->norigins; p++)
				written->origins[p] = median_coordinate(column, values, n, p);
	}
	else if (scale > 0 && mm_metric_has_triangle(&column->space) &&
			 mm_pivots_choose(column, scale, values, n, 1, &pivot, &gain) > 0)
		written->pivot = portable_text(column->type, values[pivot]);
	pfree(values);
}
