/*-------------------------------------------------------------------------
 *
 * candidates.c
 *	  The rows that examples are told from: those found by searches that are
 *	  not relevant, with their distances.
 *
 * A row's distances are computed when it is found first, and kept.  So an
 * iteration of learning costs searches, and linear algebra.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "learn/learn.h"

/* ---------- others ---------- */

/*
 * Is a row known to an example?  *place: where in known it is, or would be.
 */
static bool
find_known(const MMExample *example, const MMRowId *id, int *place)
{
	int			low = 0;
	int			high = example->nothers;

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
 * Have room for another row.
 */
static void
make_room(MMLearner *learner, MMExample *example)
{
	int			m = learner->m;

	if (example->nothers < example->others_room)
		return;
	/* There is never more than one too many. */
	example->others_room = Min(Max(32, 2 * example->others_room), learner->max_others + 1);
	if (example->known == NULL)
	{
		example->known = MemoryContextAlloc(learner->candidates,
											sizeof(MMKnownRow) * example->others_room);
		example->others = MemoryContextAlloc(learner->candidates,
											 sizeof(double) * m * example->others_room);
	}
	else
	{
		example->known = repalloc_huge(example->known, sizeof(MMKnownRow) * example->others_room);
		example->others = repalloc_huge(example->others, sizeof(double) * m * example->others_room);
	}
}

/*
 * Forget the farther half of the others, as they have become too many.
 */
static void
forget_others(MMLearner *learner, MMExample *example, const double *weights)
{
	Size		m = learner->m;
	int			keep = learner->max_others / 2;
	int			n = 0;
	double	   *distances;
	double	   *sorted;
	double	   *others;

	distances = palloc(sizeof(double) * example->nothers);
	sorted = palloc(sizeof(double) * example->nothers);
	others = palloc(sizeof(double) * m * keep);
	for (int i = 0; i < example->nothers; i++)
		sorted[i] = distances[i] = mm_weighted(example->others + m * i, weights, learner->m);
	qsort(sorted, example->nothers, sizeof(double), mm_compare_doubles);
	for (int i = 0; i < example->nothers && n < keep; i++)
	{
		int			number = example->known[i].number;

		if (distances[number] > sorted[keep - 1])
			continue;
		memcpy(others + m * n, example->others + m * number, sizeof(double) * m);
		example->known[n].id = example->known[i].id;
		example->known[n].number = n;
		n++;
	}
	memcpy(example->others, others, sizeof(double) * m * n);
	example->nothers = n;
	pfree(distances);
	pfree(sorted);
	pfree(others);
}

void
mm_candidates_add(MMLearner *learner, MMExample *example, void **prepared, const MMRow *row,
				  const double *weights)
{
	int			place;

	if (is_self(example, &row->id) || is_relevant(example, &row->id) ||
		find_known(example, &row->id, &place))
		return;
	make_room(learner, example);
	memmove(example->known + place + 1, example->known + place,
			sizeof(MMKnownRow) * (example->nothers - place));
	example->known[place].id = row->id;
	example->known[place].number = example->nothers;
	mm_learner_distances(learner, example, prepared, row,
						 example->others + (Size) learner->m * example->nothers);
	example->nothers++;
	if (example->nothers > learner->max_others)
		forget_others(learner, example, weights);
}

/* ---------- searches ---------- */

/*
 * A row that a search found, the query object apart.
 */
typedef struct FoundRow
{
	double		distance;
	bool		relevant;
} FoundRow;

typedef struct FoundRows
{
	MMExample  *example;
	void	  **prepared;
	const double *weights;
	bool		keep;			/* those not relevant */
	int			n;
	int			room;
	FoundRow   *rows;
} FoundRows;

static void
receive_found(MMLearner *learner, const MMRow *row, void *arg)
{
	FoundRows  *found = arg;

	if (is_self(found->example, &row->id))
		return;
	if (found->n == found->room)
	{
		found->room *= 2;
		found->rows = repalloc_huge(found->rows, sizeof(FoundRow) * found->room);
	}
	found->rows[found->n].distance = row->distance;
	found->rows[found->n].relevant = is_relevant(found->example, &row->id);
	found->n++;
	if (found->keep)
		mm_candidates_add(learner, found->example, found->prepared, row, found->weights);
}

/*
 * How many of the first k rows are relevant, if of rows found that are equally
 * far the relevant ones come first.
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
	FoundRows	found = {.example = example, .weights = weights, .keep = keep, .room = 64};
	Oid			types[MM_PARAMETERS(MM_MAX_COLUMNS)];
	StringInfoData distance;
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
		initStringInfo(&distance);
		mm_sql_distance(&distance, &learner->style, terms);

		/*
		 * One more, as the query object may be among the rows; and a power of
		 * two, so that few plans serve examples of all sizes.
		 */
		mm_learner_run(learner, distance.data,
					   psprintf("ORDER BY 3 LIMIT %u", pg_nextpower2_32((uint32) depth + 1)),
					   mm_sql_parameters(learner->columns, terms, 0.0, types), types,
					   receive_found, &found);
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
	/* The index may have been measured when the table was small. */
	double		table_rows = Max((double) learner->statistics->rows,
								 learner->table->rd_rel->reltuples);
	double		percent = 100.0 * rows / Max(table_rows, rows);

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
	mm_learner_run(learner, NULL,
				   "TABLESAMPLE pg_catalog.bernoulli ($1::pg_catalog.float4) REPEATABLE ($2)",
				   params, types, receive_random, &random);
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
		.nwanted = near,
		.nothers = example->nothers,
		.wanted = example->wanted,
		.others = example->others,
		.importance = 1.0,
	};
}

StaticAssertDecl(MM_MAX_COLUMNS <= MM_FIT_MAX_COLUMNS, "mm_fit takes fewer columns than an index");

double
mm_fit_weights(const MMFitProblem *problem, int steps, double *w)
{
	static MMFitFunction fit = NULL;

	if (fit == NULL)
	{
		/*
		 * A build of OpenBLAS that has threads would start them when loaded,
		 * which a backend must not have.
		 */
		setenv("OPENBLAS_NUM_THREADS", "1", 1);
		setenv("OMP_NUM_THREADS", "1", 1);
		fit = (MMFitFunction) load_external_function(MM_FIT_LIBRARY, MM_FIT_FUNCTION, true, NULL);
	}
	return fit(problem, steps, w);
}

bool
mm_normalize_weights(const double *w, int n, double *weights)
{
	double		most = 0.0;
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
		most = Max(most, w[i]);
	if (most == 0)
		return false;
	/* Their sum may be infinite. */
	for (int i = 0; i < n; i++)
		sum += w[i] / most;
	for (int i = 0; i < n; i++)
		weights[i] = w[i] / most / sum;
	return true;
}
