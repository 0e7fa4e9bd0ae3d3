/*-------------------------------------------------------------------------
 *
 * pairs.c
 *	  How weighted sums of distances are distributed.
 *
 * MEASURED_PAIRS pairs of rows of the sample are measured, in all columns, and
 * as many are kept as the metadata page has room for.  The radii of interest
 * are those that few rows are within, so near pairs must not be left to
 * chance.  Each column ranks the pairs, and so does the sum of all columns in
 * their scales.  A pair is kept with a probability proportional to the inverse
 * of its best rank, on top of a probability that all pairs have.  Each pair
 * that is kept then stands for the inverse of its probability (Horvitz and
 * Thompson, "A generalization of sampling without replacement from a finite
 * universe", 1952).  With that, an estimate is as good for a thousandth of the
 * rows as it is for a tenth.
 *
 * Below the nearest pairs that were kept, the fraction within a radius is
 * taken to grow with a power of the radius, the local dimension.  This is
 * estimated from the pairs within some radius, by maximum likelihood (Hill, "A
 * simple general approach to inference about the tail of a distribution",
 * 1975; Amsaleg et al., "Estimating local intrinsic dimensionality", 2015).
 *
 * Numbers are kept as the upper halves of IEEE single precision: 8 bits of
 * precision, and the range of a float.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "base/random.h"
#include "model/effort.h"
#include "model/pairs.h"

/*
 * How many pairs are measured.  Each of some rows is paired with
 * PAIRS_OF_A_ROW others, because that saves preparing its values each time.
 */
#define MEASURED_PAIRS	20000
#define PAIRS_OF_A_ROW	10

/* So many are enough where distances take long (effort.h). */
#define LEAST_PAIRS		100

/* The fraction of the pairs kept that is chosen without regard to ranks. */
#define UNRANKED_PART	0.4

/* The relative error of numbers as they are kept. */
#define PRECISION		(1.0 / 256)

/*
 * Fewer pairs than ENOUGH_PAIRS within a radius do not tell how many rows are.
 * The local dimension is estimated from LOCAL_PAIRS.
 */
#define ENOUGH_PAIRS	8
#define LOCAL_PAIRS		32

/* A local dimension above this is an artefact of too few pairs. */
#define MAX_LOCAL_DIMENSION	64.0

/* The least fraction that differs from none. */
#define LEAST_FRACTION	1e-9

/* ---------- numbers as they are kept ---------- */

/*
 * What stands in place of a distance if the first row of a pair has no value,
 * and if only the second has none.
 */
#define NO_OBJECT	(-1.0)
#define NO_VALUE	get_float8_nan()

#define KEPT_NO_OBJECT	0xBF80
#define KEPT_NO_VALUE	0x7FC0

static uint16
keep_number(double x)
{
	float		f = (float) Min(x, FLT_MAX);
	uint32		bits;

	if (isnan(x))
		return KEPT_NO_VALUE;
	if (x < 0)
		return KEPT_NO_OBJECT;
	memcpy(&bits, &f, sizeof(bits));
	return (uint16) Min((bits + 0x8000) >> 16, 0x7F80);
}

static double
kept_number(uint16 kept)
{
	uint32		bits = (uint32) kept << 16;
	float		f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* ---------- measuring ---------- */

typedef struct Measured
{
	int			n;
	int			ncolumns;
	float	   *distances;		/* a column after the other; or NO_... */
	float	   *sums;			/* in scales */
	float	   *ranks;			/* the best rank of each pair; later its share */
} Measured;

static void
measure_column(const MMSample *sample, MMColumn *column, int i, Measured *m)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb measuring pairs",
												  ALLOCSET_DEFAULT_SIZES);
	MMRandom	random = {.seed = 3};
	int			nrows = mm_sample_size(sample);
	float	   *distances = m->distances + (Size) i * m->n;
	ErrorContextCallback callback = {
		.previous = error_context_stack,
		.callback = mm_distance_error_context,
		.arg = column,
	};

	error_context_stack = &callback;
	for (int pair = 0; pair < m->n;)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		int			row = (int) mm_random_below(&random, nrows);
		Datum	   *values;
		bool	   *isnull;
		Datum		value;
		bool		missing;
		void	   *prepared = NULL;

		CHECK_FOR_INTERRUPTS();
		mm_sample_row(sample, row, &values, &isnull);
		value = values[i];
		missing = isnull[i];
		if (!missing)
			prepared = mm_metric_prepare(&column->space, value);
		for (int k = 0; k < PAIRS_OF_A_ROW && pair < m->n; k++, pair++)
		{
			int			other = (int) mm_random_below(&random, nrows - 1);

			other += other >= row;
			mm_sample_row(sample, other, &values, &isnull);
			distances[pair] = missing ? NO_OBJECT : isnull[i] ? (float) NO_VALUE :
				(float) Min(mm_metric_distance(&column->space, prepared, values[i], METRIC_NO_BOUND),
							FLT_MAX);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	error_context_stack = callback.previous;
	MemoryContextDelete(scratch);
}

static int
compare_by_key(const void *a, const void *b, void *arg)
{
	const float *keys = arg;
	float		x = keys[*(const int *) a];
	float		y = keys[*(const int *) b];

	return (x > y) - (x < y);
}

/*
 * Sort pairs by key, leaving out those that have none.  Returns how many there
 * are.
 */
static int
sort_pairs(const float *keys, int n, int *order)
{
	int			nkeys = 0;

	for (int i = 0; i < n; i++)
		if (keys[i] >= 0)
			order[nkeys++] = i;
	qsort_arg(order, nkeys, sizeof(int), compare_by_key, (void *) keys);
	return nkeys;
}

/*
 * Rank the pairs by keys.  Pairs with equal keys all have the rank of the last
 * of them.
 */
static void
rank_pairs(Measured *m, const float *keys, int *order)
{
	int			n = sort_pairs(keys, m->n, order);
	int			rank = n;

	for (int i = n - 1; i >= 0; i--)
	{
		if (i < n - 1 && keys[order[i]] < keys[order[i + 1]])
			rank = i + 1;
		m->ranks[order[i]] = Min(m->ranks[order[i]], rank);
	}
}

/*
 * The probability that a pair is kept.
 */
static double
probability(double rank, double ranked, double unranked)
{
	return Min(ranked / rank + unranked, 1.0);
}

/*
 * Choose at most nkept pairs, in order of their sums, systematically: at no
 * point is the number kept so far a long way from the expected one.  Each pair
 * chosen is left with the number of pairs that it stands for.  Returns how
 * many there are.
 */
static int
choose_pairs(Measured *m, const int *order, int nkept, int *chosen)
{
	double		unranked = nkept * UNRANKED_PART / m->n;
	double		least = 0.0;
	double		most = m->n;
	double		all = 0.0;
	int			n = 0;

	/*
	 * Find the factor of inverse ranks with which the probabilities add up to
	 * nkept.
	 */
	for (int step = 0; step < 60; step++)
	{
		double		middle = (least + most) / 2;

		all = 0.0;
		for (int i = 0; i < m->n; i++)
			all += probability(m->ranks[i], middle, unranked);
		if (all > nkept)
			most = middle;
		else
			least = middle;
	}
	all = 0.5;
	for (int i = 0; i < m->n && n < nkept; i++)
	{
		int			pair = order[i];
		double		p = probability(m->ranks[pair], least, unranked);
		double		before = floor(all);

		all += p;
		if (floor(all) == before)
			continue;
		m->ranks[pair] = (float) (1.0 / p);
		chosen[n++] = pair;
	}
	return n;
}

/*
 * How many pairs the metadata page has room for.
 */
static int
capacity(int ncolumns)
{
	return ((int) MM_PAGE_DATA_SIZE - (int) MM_META_SIZE(ncolumns, 0)) /
		(int) (sizeof(uint16) * (ncolumns + 1));
}

/*
 * How many pairs it is worth measuring: the columns' distances add up.
 */
static int
affordable_pairs(const MMSample *sample, const MMColumns *columns)
{
	Datum	   *values = palloc(sizeof(Datum) * mm_sample_size(sample));
	double		effort = 0.0;

	for (int c = 0; c < columns->n; c++)
	{
		int			n = mm_sample_values(sample, c, values);

		effort += mm_effort(&columns->columns[c], values, n);
	}
	pfree(values);
	return mm_effort_distances(effort, LEAST_PAIRS, MEASURED_PAIRS);
}

MMMeta *
mm_pairs_measure(const MMSample *sample, MMColumns *columns, MMMeta *meta)
{
	Measured	m = {.ncolumns = columns->n};
	int			nrows = mm_sample_size(sample);
	Size		memory = (Size) maintenance_work_mem * 1024 / 8;
	MMMeta	   *result;
	int		   *order;
	int		   *chosen;
	uint16	   *kept;

	if (nrows < 2)
		return meta;
	m.n = (int) Min((double) nrows * (nrows - 1) / 2, affordable_pairs(sample, columns));
	m.n = Min(m.n, (int) Min(memory / (sizeof(float) * (columns->n + 3)), INT_MAX));
	m.distances = palloc(sizeof(float) * m.n * columns->n);
	m.sums = palloc0(sizeof(float) * m.n);
	m.ranks = palloc(sizeof(float) * m.n);
	order = palloc(sizeof(int) * m.n);
	chosen = palloc(sizeof(int) * m.n);
	for (int i = 0; i < m.n; i++)
		m.ranks[i] = m.n;

	for (int c = 0; c < columns->n; c++)
	{
		const float *distances = m.distances + (Size) c * m.n;

		measure_column(sample, &columns->columns[c], c, &m);
		rank_pairs(&m, distances, order);
		for (int i = 0; i < m.n; i++)
			m.sums[i] += !(distances[i] >= 0) ? 1.0 :
				(float) Min(distances[i] / meta->columns[c].scale, FLT_MAX / MM_MAX_COLUMNS);
	}
	rank_pairs(&m, m.sums, order);
	sort_pairs(m.sums, m.n, order);

	result = repalloc(meta, MM_META_SIZE(columns->n, capacity(columns->n)));
	result->npairs = choose_pairs(&m, order, capacity(columns->n), chosen);
	kept = mm_meta_pairs(result);
	for (int i = 0; i < result->npairs; i++)
	{
		*kept++ = keep_number(m.ranks[chosen[i]]);
		for (int c = 0; c < columns->n; c++)
			*kept++ = keep_number(m.distances[(Size) c * m.n + chosen[i]]);
	}
	pfree(m.distances);
	pfree(m.sums);
	pfree(m.ranks);
	pfree(order);
	pfree(chosen);
	return result;
}

/* ---------- estimates ---------- */

typedef struct PairSum
{
	double		sum;
	double		share;			/* of all pairs, those that it stands for */
} PairSum;

/*
 * What is known of the pairs near by.
 */
typedef struct Nearest
{
	double		equal;			/* the share of sums that are 0 */
	int			n;
	PairSum		pairs[LOCAL_PAIRS]; /* the least of the others, in order */
} Nearest;

/*
 * The sum of a pair that is kept, over the columns that have weight.  NaN stands for
 * NULL.  A negative result says that the first row cannot be the object of such a sum,
 * as values are missing.
 */
static inline double
pair_sum(const uint16 *distances, const int *columns, int ncolumns, const MMWeights *what)
{
	double		sum = 0.0;

	for (int i = 0; i < ncolumns; i++)
	{
		int			c = columns[i];

		/* Bits tell what is no distance: this is done for each search. */
		if (unlikely(distances[c] == KEPT_NO_OBJECT))
			return NO_OBJECT;
		sum += unlikely(distances[c] == KEPT_NO_VALUE) ? what->missing[c] :
			what->weights[c] * kept_number(distances[c]);
	}
	return sum;
}

static void
add_nearest(Nearest *nearest, double sum, double share)
{
	int			i;

	if (sum <= 0)
	{
		nearest->equal += share;
		return;
	}
	if (nearest->n == LOCAL_PAIRS && sum >= nearest->pairs[LOCAL_PAIRS - 1].sum)
		return;
	i = Min(nearest->n, LOCAL_PAIRS - 1);
	nearest->n = i + 1;
	for (; i > 0 && nearest->pairs[i - 1].sum > sum; i--)
		nearest->pairs[i] = nearest->pairs[i - 1];
	nearest->pairs[i] = (PairSum) {sum, share};
}

/*
 * The fraction of pairs within a radius that has fewer than ENOUGH_PAIRS in
 * it.
 */
static double
extrapolate(const Nearest *nearest, double radius)
{
	int			last = Min(nearest->n, ENOUGH_PAIRS) - 1;
	double		farthest;
	double		shares = 0.0;
	double		near_shares = 0.0;
	double		logarithms = 0.0;
	double		dimension;

	/* Equal pairs are no part of what grows with the radius. */
	if (nearest->n < 2 || radius <= 0)
		return nearest->equal;
	farthest = nearest->pairs[nearest->n - 1].sum;
	for (int i = 0; i < nearest->n; i++)
	{
		shares += nearest->pairs[i].share;
		logarithms += nearest->pairs[i].share * log(farthest / nearest->pairs[i].sum);
		if (i <= last)
			near_shares += nearest->pairs[i].share;
	}
	dimension = logarithms > 0 ? Min(shares / logarithms, MAX_LOCAL_DIMENSION) : MAX_LOCAL_DIMENSION;
	return nearest->equal +
		near_shares * pow(Min(radius / nearest->pairs[last].sum, 1.0), dimension);
}

/*
 * The sums of all pairs, but for those that are NULL.
 */
typedef struct PairSums
{
	int			n;
	PairSum    *pairs;
	double		all;			/* the share of all pairs that have an object, those with
								 * NULL sums included */
	Nearest		nearest;
} PairSums;

static void
sums_of_pairs(const MMMeta *meta, const MMWeights *what, PairSums *sums)
{
	const uint16 *kept = mm_meta_pairs(meta);
	int			columns[MM_MAX_COLUMNS];
	int			ncolumns = 0;

	/* An infinite distance does not matter where it has no weight. */
	for (int c = 0; c < meta->ncolumns; c++)
		if (what->weights[c] > 0)
			columns[ncolumns++] = c;
	memset(sums, 0, sizeof(PairSums));
	sums->pairs = palloc(sizeof(PairSum) * Max(meta->npairs, 1));
	for (int i = 0; i < meta->npairs; i++, kept += meta->ncolumns + 1)
	{
		double		share = kept_number(kept[0]);
		double		sum = pair_sum(kept + 1, columns, ncolumns, what);

		if (sum < 0)
			continue;
		sums->all += share;
		if (isnan(sum))
			continue;
		sums->pairs[sums->n++] = (PairSum) {sum, share};
		add_nearest(&sums->nearest, sum, share);
	}
}

static double
fraction_within(const PairSums *sums, double radius, bool or_equal)
{
	double		limit = radius * (or_equal ? 1 + PRECISION : 1 - PRECISION);
	double		within = 0.0;
	int			nwithin = 0;

	if (radius < 0 || (radius == 0 && !or_equal))
		return 0.0;
	for (int i = 0; i < sums->n; i++)
		if (sums->pairs[i].sum <= limit)
		{
			within += sums->pairs[i].share;
			nwithin++;
		}
	if (nwithin < ENOUGH_PAIRS)
		within = extrapolate(&sums->nearest, radius);
	within /= sums->all;
	/*
	 * If there is no pair of such rows, or if the page is damaged, nothing is
	 * known.
	 */
	if (!(sums->all > 0) || !(within >= 0))
		return -1.0;
	return Max(Min(within, 1.0), LEAST_FRACTION);
}

double
mm_pairs_fraction(const MMMeta *meta, const MMWeights *what, double radius, bool or_equal)
{
	PairSums	sums;
	double		fraction;

	if (meta->npairs == 0)
		return -1.0;
	sums_of_pairs(meta, what, &sums);
	fraction = fraction_within(&sums, radius, or_equal);
	pfree(sums.pairs);
	return fraction;
}

/*
 * The radius of the pairs that are not among the nearest: by halving an interval.
 */
static double
search_radius(const PairSums *sums, double fraction)
{
	double		low = 0.0;
	double		high = 0.0;

	for (int i = 0; i < sums->n; i++)
		high = Max(high, sums->pairs[i].sum);
	if (!(fraction_within(sums, high, true) >= fraction))
		return get_float8_infinity();
	/* So many halvings are more precise than the numbers that are kept. */
	for (int i = 0; i < 12; i++)
	{
		double		middle = (low + high) / 2;

		if (fraction_within(sums, middle, true) >= fraction)
			high = middle;
		else
			low = middle;
	}
	return high;
}

double
mm_pairs_radius(const MMMeta *meta, const MMWeights *what, double fraction)
{
	PairSums	sums;
	double		shares;
	double		radius = -1.0;

	sums_of_pairs(meta, what, &sums);
	shares = sums.nearest.equal;
	if (shares >= fraction * sums.all && sums.all > 0)
		radius = 0.0;
	for (int i = 0; i < sums.nearest.n && radius < 0; i++)
	{
		shares += sums.nearest.pairs[i].share;
		if (shares >= fraction * sums.all)
			radius = sums.nearest.pairs[i].sum;
	}
	if (radius < 0)
		radius = search_radius(&sums, fraction);
	pfree(sums.pairs);
	return radius;
}

static int
compare_sums(const void *a, const void *b)
{
	double		x = ((const PairSum *) a)->sum;
	double		y = ((const PairSum *) b)->sum;

	return (x > y) - (x < y);
}

void
mm_pairs_radii(const MMMeta *meta, const MMWeights *what, const double *fractions, int n,
			   double *radii)
{
	PairSums	sums;
	double		shares = 0.0;
	int			at = 0;

	sums_of_pairs(meta, what, &sums);
	qsort(sums.pairs, sums.n, sizeof(PairSum), compare_sums);
	for (int i = 0; i < n; i++)
	{
		while (at < sums.n && shares + sums.pairs[at].share < fractions[i] * sums.all)
			shares += sums.pairs[at++].share;
		radii[i] = at < sums.n ? sums.pairs[at].sum : get_float8_infinity();
	}
	pfree(sums.pairs);
}
