/*-------------------------------------------------------------------------
 *
 * candidates.c
 *	  The rows that positives are told from: rows found by searches that are
 *	  not relevant, with their distances.
 *
 * A row's distances are computed when it is first found, and kept.  So an
 * iteration of learning takes only searches and linear algebra.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/compare.h"
#include "learn/learner.h"

/* ---------- negatives ---------- */

/*
 * Is a row known to an example?  *place becomes where in known it is, or would
 * be.
 */
static bool
find_known(const MMExample *example, const MMRowId *id, int *place)
{
	int			low = 0;
	int			high = example->nnegatives;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			comparison = mm_row_compare(id, &example->known[middle].id);

		if (comparison == 0)
			return true;
		if (comparison < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*place = low;
	return false;
}

static bool
is_relevant(const MMExample *example, const MMRowId *id)
{
	return bsearch(id, example->relevant, example->nrelevant, sizeof(MMRowId), mm_row_compare) != NULL;
}

static bool
is_self(const MMExample *example, const MMRowId *id)
{
	return example->is_row && mm_row_compare(id, &example->self) == 0;
}

/*
 * Make room for another row.
 */
static void
make_room(MMLearner *learner, MMExample *example)
{
	int			m = learner->m;

	if (example->nnegatives < example->negatives_room)
		return;
	/* There is never more than one row too many. */
	example->negatives_room = Min(Max(32, 2 * example->negatives_room), learner->max_negatives + 1);
	if (example->known == NULL)
	{
		example->known = MemoryContextAlloc(learner->candidates,
											sizeof(MMKnownRow) * example->negatives_room);
		example->negatives = MemoryContextAlloc(learner->candidates,
											 sizeof(double) * m * example->negatives_room);
	}
	else
	{
		example->known = repalloc_huge(example->known, sizeof(MMKnownRow) * example->negatives_room);
		example->negatives = repalloc_huge(example->negatives, sizeof(double) * m * example->negatives_room);
	}
}

/*
 * Forget the farther half of the negatives, as there are too many.  The rest
 * stay in the order in which they were found.
 */
static void
forget_negatives(MMLearner *learner, MMExample *example, const double *weights)
{
	Size		m = learner->m;
	int			keep = learner->max_negatives / 2;
	int			kept = 0;
	int			n = 0;
	double	   *distances = palloc(sizeof(double) * example->nnegatives);
	double	   *sorted = palloc(sizeof(double) * example->nnegatives);
	int		   *numbers = palloc(sizeof(int) * example->nnegatives);	/* new ones, or -1 */

	for (int i = 0; i < example->nnegatives; i++)
		sorted[i] = distances[i] = mm_weighted(example->negatives + m * i, weights, learner->m);
	qsort(sorted, example->nnegatives, sizeof(double), mm_compare_doubles);
	for (int i = 0; i < example->nnegatives; i++)
	{
		numbers[i] = -1;
		if (kept == keep || distances[i] > sorted[keep - 1])
			continue;
		memmove(example->negatives + m * kept, example->negatives + m * i, sizeof(double) * m);
		numbers[i] = kept++;
	}
	for (int i = 0; i < example->nnegatives; i++)
	{
		int			number = numbers[example->known[i].number];

		if (number < 0)
			continue;
		example->known[n].id = example->known[i].id;
		example->known[n++].number = number;
	}
	example->nnegatives = n;
	pfree(distances);
	pfree(sorted);
	pfree(numbers);
}

/*
 * Make a row with these distances a negative, unless it is one already.
 */
static void
put_other(MMLearner *learner, MMExample *example, const MMRowId *id, const double *x,
		  const double *weights)
{
	int			place;

	if (find_known(example, id, &place))
		return;
	make_room(learner, example);
	memmove(example->known + place + 1, example->known + place,
			sizeof(MMKnownRow) * (example->nnegatives - place));
	example->known[place].id = *id;
	example->known[place].number = example->nnegatives;
	memcpy(example->negatives + (Size) learner->m * example->nnegatives, x, sizeof(double) * learner->m);
	example->nnegatives++;
	if (example->nnegatives > learner->max_negatives)
		forget_negatives(learner, example, weights);
}

void
mm_candidates_add(MMLearner *learner, MMExample *example, void **prepared, const MMRow *row,
				  const double *weights)
{
	double		x[MM_MAX_COLUMNS];
	int			place;

	if (is_self(example, &row->id) || is_relevant(example, &row->id) ||
		find_known(example, &row->id, &place))
		return;
	mm_learner_distances(learner, example, prepared, row, x);
	put_other(learner, example, &row->id, x, weights);
}

/* ---------- searches ---------- */

/*
 * A row that a search found, other than the query object.
 */
typedef struct FoundRow
{
	MMRowId		id;
	double		distance;
	bool		relevant;
	double	   *x;				/* its distances, if it is to become a
								 * negative; or NULL */
} FoundRow;

typedef struct FoundRows
{
	MMExample  *example;
	MemoryContext context;
	void	  **prepared;
	bool		keep;			/* those not relevant */
	uint32		received;		/* the query object included */
	int			n;
	int			room;
	FoundRow   *rows;
} FoundRows;

static void
receive_found(MMLearner *learner, const MMRow *row, void *arg)
{
	FoundRows  *found = arg;
	MMExample  *example = found->example;
	FoundRow   *this;
	int			place;

	found->received++;
	if (is_self(example, &row->id))
		return;
	if (found->n == found->room)
	{
		found->room *= 2;
		found->rows = repalloc_huge(found->rows, sizeof(FoundRow) * found->room);
	}
	this = &found->rows[found->n++];
	this->id = row->id;
	this->distance = row->distance;
	this->relevant = is_relevant(example, &row->id);
	this->x = NULL;
	if (found->keep && !this->relevant && !find_known(example, &row->id, &place))
	{
		this->x = MemoryContextAlloc(found->context, sizeof(double) * learner->m);
		mm_learner_distances(learner, example, found->prepared, row, this->x);
	}
}

/*
 * How many of the rows found are nearer than the last one.
 */
static int
nearer_than_last(const FoundRows *found)
{
	int			n = found->n;

	while (n > 0 && found->rows[n - 1].distance == found->rows[found->n - 1].distance)
		n--;
	return n;
}

/*
 * Find the rows that are nearest under the weights of the terms: depth of them
 * or more.
 *
 * Among rows of one distance, a LIMIT takes any, and the plan chooses which.
 * So the rows that are as far as the last one are left out, if there are
 * enough without them.  If not, a search within their distance finds all of
 * them, and their keys decide.  The more such rows there are, the longer this
 * takes.
 */
static void
find_nearest(MMLearner *learner, const MMTerms *terms, int depth, FoundRows *found)
{
	/*
	 * There is one more, as the query object may be among the rows.  The limit
	 * is a power of two, so that few plans serve examples of all sizes.
	 */
	uint32		limit = pg_nextpower2_32((uint32) depth + 1);
	StringInfoData distance;
	Oid			types[MM_PARAMETERS(MM_MAX_COLUMNS)];
	double		radius;

	initStringInfo(&distance);
	mm_sql_distance(&distance, &learner->style, terms);
	mm_learner_run(learner, distance.data, psprintf("ORDER BY 3 LIMIT %u", limit),
				   mm_sql_parameters(learner->columns, terms, 0.0, types), types,
				   receive_found, found);
	if (found->received < limit)
		return;
	if (nearer_than_last(found) >= depth)
	{
		found->n = nearer_than_last(found);
		return;
	}

	radius = found->rows[found->n - 1].distance;
	found->received = 0;
	found->n = 0;
	mm_learner_run(learner, distance.data,
				   psprintf("WHERE (%s) OPERATOR(pg_catalog.<=) $%d ORDER BY %s LIMIT %u",
							distance.data, MM_RADIUS_PARAMETER(terms->n),
							mm_learner_order(learner), limit),
				   mm_sql_parameters(learner->columns, terms, radius, types), types,
				   receive_found, found);
}

/*
 * How many of the first k rows are relevant.  Among rows that are equally far,
 * the relevant ones count as the first.
 */
static int
count_hits(const FoundRows *found, int k)
{
	double		kth = found->rows[k - 1].distance;
	int			nearer = 0;
	int			hits = 0;
	int			equal_hits = 0;

	for (int i = 0; i < found->n; i++)
	{
		if (found->rows[i].distance < kth)
		{
			nearer++;
			hits += found->rows[i].relevant;
		}
		else if (found->rows[i].distance == kth)
			equal_hits += found->rows[i].relevant;
	}
	return hits + Min(equal_hits, k - nearer);
}

int
mm_candidates_search(MMLearner *learner, MMExample *example, const double *weights, int k,
					 int depth, bool keep, double *recall, double *radius)
{
	MMTerms    *terms;
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "mmdb search",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	FoundRows	found = {.example = example, .context = work, .keep = keep, .room = 64};
	bool		takes_part;

	CHECK_FOR_INTERRUPTS();
	/* Columns without weight are left out, as 0 times Infinity is not 0. */
	terms = palloc0(sizeof(MMTerms));
	for (int i = 0; i < example->terms->n; i++)
		if (weights[example->terms->terms[i].column] > 0)
		{
			terms->terms[terms->n] = example->terms->terms[i];
			terms->terms[terms->n].weight = weights[terms->terms[terms->n].column];
			terms->n++;
		}
	takes_part = terms->n > 0;
	if (takes_part)
	{
		found.prepared = mm_learner_prepare(learner, example);
		found.rows = palloc(sizeof(FoundRow) * found.room);
		find_nearest(learner, terms, depth, &found);
		for (int i = 0; i < found.n; i++)
			if (found.rows[i].x != NULL)
				put_other(learner, example, &found.rows[i].id, found.rows[i].x, weights);
	}
	if (found.n >= k)
		*recall = (double) count_hits(&found, k) / Min(k, example->nrelevant);
	*radius = found.n < depth ? HUGE_VAL : found.rows[found.n - 1].distance;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return takes_part ? found.n : -1;
}

typedef struct RandomRows
{
	int			first;
	int			n;
	void	 ***prepared;
	const double *weights;
} RandomRows;

static void
receive_random(MMLearner *learner, const MMRow *row, void *arg)
{
	RandomRows *rows = arg;

	for (int i = 0; i < rows->n; i++)
		mm_candidates_add(learner, &learner->examples[rows->first + i], rows->prepared[i], row,
						  rows->weights);
}

/*
 * The number of rows of the table.  Of rows elsewhere there are no statistics
 * here, so they are counted.
 */
static double
table_rows(MMLearner *learner)
{
	/* The index may have been measured when the table was small. */
	if (!learner->by_key)
		return Max((double) learner->statistics->rows, learner->table->rd_rel->reltuples);
	if (learner->rows == 0)
	{
		SPI_connect();
		if (SPI_execute(psprintf("SELECT pg_catalog.count(*) FROM %s", mm_sql_table(learner->table)),
						true, 1) == SPI_OK_SELECT && SPI_processed == 1)
		{
			bool		isnull;

			learner->rows = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
														1, &isnull));
		}
		SPI_finish();
	}
	return learner->rows;
}

/*
 * The condition on a random row, with a percentage as $1 and a seed as $2.  Not all
 * tables whose rows are elsewhere can be sampled, so rows are chosen by a hash
 * of their keys there.
 */
static const char *
random_condition(MMLearner *learner)
{
	const MMPrimaryKey *key = mm_key_get(learner);
	StringInfoData buf;

	if (!learner->by_key)
		return "TABLESAMPLE pg_catalog.bernoulli ($1::pg_catalog.float4) REPEATABLE ($2)";
	initStringInfo(&buf);
	appendStringInfoString(&buf, "WHERE (pg_catalog.hash_record_extended(ROW(");
	for (int i = 0; i < key->n; i++)
		appendStringInfo(&buf, "%s%s.%s", i > 0 ? ", " : "", learner->style.alias, key->names[i]);
	appendStringInfo(&buf, "), $2::pg_catalog.int8) OPERATOR(pg_catalog.&) %d)"
					 " OPERATOR(pg_catalog.<=) ($1 OPERATOR(pg_catalog.*) %d)",
					 PG_INT32_MAX, PG_INT32_MAX / 100 + 1);
	return buf.data;
}

void
mm_candidates_random(MMLearner *learner, int first, int n, const double *weights, int rows,
					 int seed)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "mmdb random rows",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	RandomRows	random = {first, n, palloc(sizeof(void **) * n), weights};
	ParamListInfo params = makeParamList(2);
	Oid			types[] = {FLOAT8OID, FLOAT8OID};
	double		percent = 100.0 * rows / Max(table_rows(learner), rows);

	for (int i = 0; i < n; i++)
		random.prepared[i] = mm_learner_prepare(learner, &learner->examples[first + i]);
	params->params[0].value = Float8GetDatum(Min(percent, 100.0));
	params->params[1].value = Float8GetDatum(seed);
	for (int i = 0; i < 2; i++)
	{
		params->params[i].isnull = false;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = types[i];
	}
	mm_learner_run(learner, NULL, random_condition(learner), params, types, receive_random, &random);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

/* ---------- fitting ---------- */

MMContrast
mm_candidates_contrast(MMLearner *learner, MMExample *example, const double *weights, double radius)
{
	Size		m = learner->m;
	int			near = 0;

	for (int i = 0; i < example->nwanted; i++)
	{
		double	   *x = example->wanted + m * i;

		if (mm_weighted(x, weights, learner->m) > radius)
			continue;
		for (Size c = 0; c < m; c++)
		{
			double	   *y = example->wanted + m * near;
			double		swap = x[c];

			x[c] = y[c];
			y[c] = swap;
		}
		near++;
	}
	return (MMContrast) {
		.npositives = near,
		.nnegatives = example->nnegatives,
		.positives = example->wanted,
		.negatives = example->negatives,
		.importance = 1.0,
	};
}
