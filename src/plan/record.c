/*-------------------------------------------------------------------------
 *
 * record.c
 *	  What custom scans tell the statistics of queries (stats/track.h).
 *
 * Each scan that ends is one search, even if a node runs many.  What a node counts
 * over all of them is subtracted when a scan begins, and added when it ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "plan/record.h"
#include "plan/scan.h"
#include "search/terms.h"

/* ---------- the class ---------- */

/*
 * What kind of filter a condition is, as a flag of a class; 0 if it is about
 * distances.
 */
static uint8
filter_kind(Node *qual)
{
	if (IsA(qual, OpExpr))
		switch (get_oprrest(((OpExpr *) qual)->opno))
		{
			case F_EQSEL:
				return MM_CLASS_NE;
			case F_SCALARLTSEL:
			case F_SCALARLESEL:
			case F_SCALARGTSEL:
			case F_SCALARGESEL:
				return MM_CLASS_NR;
		}
	if (IsA(qual, ScalarArrayOpExpr) && get_oprrest(((ScalarArrayOpExpr *) qual)->opno) == F_EQSEL)
		return MM_CLASS_NE;
	return mm_mentions_distance(qual) ? 0 : MM_CLASS_FILTER;
}

uint8
mm_record_flags(const MMScanPlan *plan, const List *quals)
{
	uint8		flags = (plan->any ? MM_CLASS_ANY : 0) | (plan->secured ? MM_CLASS_SECURED : 0);
	ListCell   *lc;

	foreach(lc, quals)
		flags |= filter_kind(lfirst(lc));
	for (int d = 0; d < plan->ndrivers; d++)
		for (int i = 0; i < plan->drivers[d].sum->nterms; i++)
			if (plan->drivers[d].sum->terms[i].curve != NULL)
				flags |= MM_CLASS_SHAPED;
	return flags;
}

/*
 * What a distance of 1 in the columns of a part adds to the sum, added to factors.
 * Returns the columns, as a mask.
 */
static uint32
part_factors(const MMColumns *columns, const MMPartState *part, double *factors)
{
	MMTerm		terms[MM_MAX_COLUMNS];
	uint32		mask = 0;
	bool		complete;
	int			n;

	if (part->isnull || (part->factor == 0 && part->curve == NULL))
		return 0;
	if (part->space != NULL)
	{
		factors[part->part->column] += part->curve == NULL ? part->factor :
			mm_part_curve_least(part->curve, part->factor, 1.0);
		return UINT32_C(1) << part->part->column;
	}
	n = mm_terms_of_query(columns, part->value, part->factor, terms, NULL, &complete);
	for (int i = 0; i < n; i++)
	{
		factors[terms[i].column] += terms[i].weight / terms[i].scale;
		mask |= UINT32_C(1) << terms[i].column;
	}
	return mask;
}

void
mm_record_class(const MMRecorded *what, int64 k, MMSearchCall *call, double *first_factors)
{
	MMQueryClass *class = &call->class;

	call->radius = get_float8_nan();
	for (int d = 0; d < what->plan->ndrivers; d++)
	{
		MMSumState *sum = what->sums[d];
		double		factors[MM_MAX_COLUMNS] = {0};
		uint32		mask = 0;

		for (int i = 0; i < sum->driver->sum->nparts; i++)
			mask |= part_factors(what->columns, &sum->parts[i], factors);
		if (d == 0)
			memcpy(first_factors, factors, sizeof(factors));
		/* All within a radius is no kNN query, in whatever order. */
		if (d == 0 && what->plan->ordered && (k > 0 || sum->driver->bounds == NIL))
			class->nearest = mask;
		if (sum->driver->bounds != NIL && !sum->null_bound)
		{
			double		radius = mm_sum_search_bound(sum, sum->bound);

			mm_class_add_range(class, what->columns, mask, radius);
			if (d == 0)
				call->radius = radius;
		}
	}
	call->factors = first_factors;
	if (what->plan->ordered)
		call->k = k;
	class->k = mm_class_of_k(call->k);
}

/* ---------- the query object ---------- */

/*
 * Is the value of a part the query's own?  What comes from other rows may be
 * what the user cannot read.
 */
static bool
is_own_value(const MMPartState *part)
{
	Expr	   *value = mm_strip_relabel(list_nth(part->part->expr->args, part->part->argument));

	return IsA(value, Const) || (IsA(value, Param) && ((Param *) value)->paramkind == PARAM_EXTERN);
}

/*
 * Take a value for a column, unless there is one already.
 */
static void
take_value(OdbQueryParts *query, int column, Oid type, Datum value)
{
	if (!query->isnull[column] || !mm_component_is_allowed(type))
		return;
	query->types[column] = type;
	query->values[column] = value;
	query->isnull[column] = false;
}

static void
take_values(OdbQueryParts *query, const MMColumns *columns, const MMPartState *part)
{
	OdbQueryParts whole;

	if (part->isnull || !is_own_value(part))
		return;
	if (part->space != NULL)
	{
		take_value(query, part->part->column,
				   getBaseType(exprType(list_nth(part->part->expr->args, part->part->argument))),
				   part->value);
		return;
	}
	mm_odbquery_unpack(DatumGetOdbQuery(part->value), &whole);
	for (int i = 0; i < columns->n; i++)
	{
		int			component = columns->columns[i].component;

		if (component < whole.natts && !whole.isnull[component])
			take_value(query, i, whole.types[component], whole.values[component]);
	}
}

struct varlena *
mm_record_object(const MMRecorded *what)
{
	const MMColumns *columns = what->columns;
	Oid			types[MM_MAX_COLUMNS];
	double		weights[MM_MAX_COLUMNS];
	Datum		values[MM_MAX_COLUMNS] = {0};
	bool		isnull[MM_MAX_COLUMNS];
	bool		any = false;
	OdbQueryParts query = {
		.natts = columns->n,
		.types = types,
		.weights = weights,
		.values = values,
		.isnull = isnull,
	};

	for (int i = 0; i < columns->n; i++)
	{
		isnull[i] = true;
		weights[i] = 1.0;
		types[i] = BOOLOID;		/* of a NULL */
	}
	for (int d = 0; d < what->plan->ndrivers; d++)
		for (int i = 0; i < what->sums[d]->driver->sum->nparts; i++)
			take_values(&query, columns, &what->sums[d]->parts[i]);
	for (int i = 0; i < columns->n; i++)
		any |= !isnull[i];
	return any ? (struct varlena *) mm_odbquery_pack(&query) : NULL;
}

static struct varlena *
scan_object(void *state)
{
	MMScanState *s = state;

	return mm_record_object(&(MMRecorded) {s->plan, s->sums, s->columns});
}

/* ---------- scans ---------- */

/*
 * Add what the node has counted so far, times sign, to the work.
 */
static void
add_counts(MMScanState *s, int sign)
{
	MMSearchWork *work = &s->recording.call.work;

	work->verified += sign * s->counts.verified;
	work->proved += sign * s->counts.proved;
	work->spills += sign * s->counts.spills;
	work->table_scans += sign * s->counts.table_scans;
	for (int d = 0; d < s->plan->ndrivers; d++)
		for (int i = 0; i < s->sums[d]->driver->sum->nparts; i++)
		{
			const MMPartState *part = &s->sums[d]->parts[i];

			if (part->part->column >= 0)
				work->distances[part->part->column] += sign * part->evaluations;
			/* A distance of a composite is one of each attribute with weight. */
			for (int c = 0; c < s->columns->n && part->part->column < 0; c++)
				if (s->recording.factors[c] > 0)
					work->distances[c] += sign * part->evaluations;
		}
}

void
mm_record_begin(MMScanState *s)
{
	MMRecording *recording = &s->recording;
	MMSearchCall *call = &recording->call;

	if (!recording->prepared)
		recording->flags = mm_record_flags(s->plan, s->css.ss.ps.plan->qual);
	recording->prepared = true;
	memset(call, 0, sizeof(MMSearchCall));
	call->user = s->user;
	call->index = RelationGetRelid(s->index);
	call->ncolumns = s->columns->n;
	call->object = scan_object;
	call->object_state = s;
	call->class.by = MM_BY_SEARCH;
	call->class.flags = recording->flags;
	mm_record_class(&(MMRecorded) {s->plan, s->sums, s->columns}, s->k, call, recording->factors);
	add_counts(s, -1);
}

void
mm_record_end(MMScanState *s)
{
	MMSearchCall *call = &s->recording.call;

	add_counts(s, 1);
	call->milliseconds = mm_clock_milliseconds(&s->recording.clock);
	/* It would tell of rows that are not to be seen. */
	if (s->plan->secured)
		call->work = (MMSearchWork) {.rows = call->work.rows};
	else
		call->memory += s->counts.peak_memory;
	mm_track_search(call);
}
