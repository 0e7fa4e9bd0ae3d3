/*-------------------------------------------------------------------------
 *
 * statistics.c
 *	  How far apart the values of a column are.
 *
 * The statistics come from the distances d of random pairs of different rows
 * of the sample:
 *
 *	- The mean and the variance give the intrinsic dimension mean^2 / (2
 *	  variance) (Chavez et al., "Searching in metric spaces", 2001; OneDB,
 *	  section VI-A).
 *	- The scale is twice the median of d (OneDB, Definition III.1).  If that is
 *	  zero because most values are equal, it is twice the mean; if all are
 *	  equal, it is 1.  So it is always positive and finite, fit to divide by.
 *	  (If there is no pair to measure, the scale is 1 as well, but then users
 *	  do not see it.)
 *
 * Infinite distances are left out.
 *
 * For numbers, all pairs of the sample are measured, not random ones: from
 * sorted numbers, the mean, variance and median of their differences can be
 * computed in little time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/compare.h"
#include "base/random.h"
#include "model/effort.h"
#include "model/pairs.h"
#include "model/statistics.h"

/*
 * How many distances are measured for each column.  With that, their median is
 * known to about 1 % of itself.  With LEAST_PAIRS, which are enough where values are
 * so long that their distances take long (effort.h), it is known to about 10 %.
 */
#define MAX_PAIRS	10000
#define LEAST_PAIRS	100

/*
 * State for measuring one column.
 */
typedef struct Measurement
{
	const MMColumn *column;
	MemoryContext scratch;		/* reset for each pair */
	int			n;
	double		distances[MAX_PAIRS];
} Measurement;

/*
 * Measure one pair.
 */
static void
measure(Measurement *m, MetricSpace *space, Datum a, Datum b)
{
	MemoryContext old = MemoryContextSwitchTo(m->scratch);
	double		distance;

	distance = mm_metric_distance(space, mm_metric_prepare(space, a), b, METRIC_NO_BOUND);
	if (isfinite(distance))
		m->distances[m->n++] = distance;
	MemoryContextSwitchTo(old);
	MemoryContextReset(m->scratch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * The scale of distances with this median and mean.
 */
static double
scale_of(double median, double mean)
{
	double		scale = 2 * (median > 0 ? median : mean);

	/*
	 * A number that is too small or too large to divide by is as good as
	 * unknown.
	 */
	return isnormal(scale) && isnormal(1 / scale) ? scale : 1.0;
}

/*
 * Fill in mean, variance and scale from the measured distances.
 */
static void
summarize(Measurement *m, MMColumnStatistics *stats)
{
	double		sum = 0.0;
	double		squares = 0.0;
	double		median = 0.0;

	stats->pairs = m->n;
	stats->mean = stats->variance = 0.0;
	if (m->n > 0)
	{
		qsort(m->distances, m->n, sizeof(double), mm_compare_doubles);
		median = (m->distances[(m->n - 1) / 2] + m->distances[m->n / 2]) / 2;
		for (int i = 0; i < m->n; i++)
			sum += m->distances[i];
		stats->mean = sum / m->n;
		for (int i = 0; i < m->n; i++)
			squares += (m->distances[i] - stats->mean) * (m->distances[i] - stats->mean);
		stats->variance = squares / m->n;
	}
	stats->scale = scale_of(median, stats->mean);
}

/* ---------- numbers ---------- */

/*
 * Are a column's distances the differences of one coordinate?
 */
static bool
is_number(const MMColumn *column)
{
	const MetricRoutine *routine = column->space.routine;
	MetricNorm	norm;
	MetricTransform transform;

	return routine != NULL && routine->dimensions == NULL &&
		mm_metric_embedding(&column->space, -1, &norm, &transform) == 1 && norm == METRIC_NORM_L1 &&
		metric_is_identity(&transform);
}

/*
 * How many pairs of n sorted numbers differ by no more than difference?
 */
static int64
pairs_within(const double *x, int n, double difference)
{
	int64		pairs = 0;
	int			first = 0;

	for (int i = 1; i < n; i++)
	{
		while (x[i] - x[first] > difference)
			first++;
		pairs += i - first;
	}
	return pairs;
}

/*
 * The difference that has this number (from 0) in the order of the differences
 * of all pairs of n sorted numbers.  It is the least difference that number +
 * 1 pairs are within.  It is found by bisection of the bit patterns, which for
 * floats that are not negative have the order of the numbers.
 */
static double
nth_difference(const double *x, int n, int64 number)
{
	union
	{
		double		number;
		uint64		bits;
	}			low,
				high,
				middle;

	low.number = 0.0;
	high.number = x[n - 1] - x[0];
	while (low.bits < high.bits)
	{
		CHECK_FOR_INTERRUPTS();
		middle.bits = low.bits + (high.bits - low.bits) / 2;
		if (pairs_within(x, n, middle.number) > number)
			high = middle;
		else
			low.bits = middle.bits + 1;
	}
	return high.number;
}

/*
 * Replace the mean, variance and scale of random pairs by those of all pairs
 * of n numbers.  This is not done if some are infinite, or if they differ by
 * no more than the error of their coordinates.
 */
static void
measure_all_pairs(const MMColumn *column, const Datum *values, int n, MMColumnStatistics *stats)
{
	double	   *x = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * n);
	int64		pairs = (int64) n * (n - 1) / 2;
	double		sum = 0.0;
	double		squares = 0.0;
	double		mean = 0.0;
	double		median;
	double		largest = 0.0;

	for (int i = 0; i < n; i++)
	{
		column->space.routine->coordinates(values[i], column->space.collation, &x[i]);
		largest = Max(largest, fabs(x[i]));
	}
	if (largest >= METRIC_COORDINATE_LIMIT)
		goto done;
	qsort(x, n, sizeof(double), mm_compare_doubles);
	median = (nth_difference(x, n, (pairs - 1) / 2) + nth_difference(x, n, pairs / 2)) / 2;

	/*
	 * Counting from the middle number keeps large numbers from losing digits.
	 */
	for (int i = 0; i < n; i++)
	{
		double		y = x[i] - x[n / 2];

		sum += y;
		squares += y * y;
		mean += y * (2.0 * i - n + 1) / pairs;
	}
	if ((median > 0 ? median : mean) < largest * 0x1p-22)
		goto done;
	stats->mean = mean;
	stats->variance = Max(squares * n / pairs - sum * sum / pairs - mean * mean, 0.0);
	stats->scale = scale_of(median, mean);
done:
	pfree(x);
}

void
mm_statistics_of_values(MMColumn *column, const Datum *values, int n,
						MMColumnStatistics *stats)
{
	Measurement *m = palloc(sizeof(Measurement));
	int			most = mm_effort_distances(mm_effort(column, values, n), LEAST_PAIRS, MAX_PAIRS);
	ErrorContextCallback callback;

	m->column = column;
	m->n = 0;
	m->scratch = AllocSetContextCreate(CurrentMemoryContext,
									   "mmdb measuring distances",
									   ALLOCSET_DEFAULT_SIZES);
	callback.callback = mm_distance_error_context;
	callback.arg = column;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	if ((int64) n * (n - 1) / 2 <= most)
	{
		for (int a = 0; a < n; a++)
			for (int b = a + 1; b < n; b++)
				measure(m, &column->space, values[a], values[b]);
	}
	else
	{
		MMRandom	random = {.seed = 2};

		for (int pair = 0; pair < most; pair++)
		{
			int			a = (int) mm_random_below(&random, n);
			int			b = (int) mm_random_below(&random, n - 1);

			b += b >= a;		/* any but a */
			measure(m, &column->space, values[a], values[b]);
		}
	}

	error_context_stack = callback.previous;
	summarize(m, stats);
	if (n > 1 && is_number(column))
		measure_all_pairs(column, values, n, stats);
	MemoryContextDelete(m->scratch);
	pfree(m);
}

MMMeta *
mm_statistics_measure(const MMSample *sample, MMColumns *columns,
					  double table_rows)
{
	MMMeta	   *meta = mm_columns_metadata(columns);
	Datum	   *values = palloc(sizeof(Datum) * Max(mm_sample_size(sample), 1));

	meta->rows = (int64) table_rows;
	for (int i = 0; i < columns->n; i++)
	{
		int			n = mm_sample_values(sample, i, values);

		mm_statistics_of_values(&columns->columns[i], values, n, &meta->columns[i]);
		meta->columns[i].count = mm_sample_count(sample, i);
		meta->columns[i].dimensions = mm_sample_dimensions(sample, i);
	}
	pfree(values);
	return mm_pairs_measure(sample, columns, meta);
}

void
mm_statistics_scales(const MMMeta *meta, int n, double *scales, bool *isnull)
{
	for (int i = 0; i < n; i++)
	{
		isnull[i] = meta->columns[i].pairs == 0;
		scales[i] = isnull[i] ? 0.0 : meta->columns[i].scale;
	}
}

/*
 * Merge the statistics of a partition into the running means over partitions.
 * weights has, for each column, the number of values merged so far.
 */
static void
merge_partition(MMMeta *means, double *weights, const MMMeta *partition)
{
	means->rows += partition->rows;
	for (int i = 0; i < means->ncolumns; i++)
	{
		MMColumnStatistics *mean = &means->columns[i];
		const MMColumnStatistics *c = &partition->columns[i];
		double		share;

		mean->count += c->count;
		mean->pairs += c->pairs;
		if (mean->dimensions < 0)
			mean->dimensions = c->dimensions;
		if (c->pairs == 0)
			continue;
		if (weights[i] == 0)
			mean->scale = c->scale; /* not 1, which may dwarf it */
		weights[i] += c->count;
		share = c->count / weights[i];
		mean->mean += (c->mean - mean->mean) * share;
		mean->variance += (c->variance - mean->variance) * share;
		mean->scale += (c->scale - mean->scale) * share;
	}
}

/*
 * Which column of the metadata is this one? -1 if there is none, or none with
 * its metric.
 */
static int
find_origin(const MMMeta *meta, const MMColumn *column)
{
	MMColumnOrigin origin = mm_column_origin(column);

	if (column->attribute == 0)
		return column->key < meta->ncolumns ? column->key : -1;
	for (int i = 0; i < meta->ncolumns; i++)
		if (memcmp(&meta->origins[i], &origin, sizeof(origin)) == 0)
			return i;
	return -1;
}

/*
 * Metadata with the statistics of these columns, in their order, and with
 * unmeasured ones for columns that meta does not have.  Of everything else,
 * the result has the number of rows, and where the model is.
 */
static MMMeta *
align(const MMMeta *meta, const MMColumns *columns)
{
	MMMeta	   *result = mm_columns_metadata(columns);

	result->rows = meta->rows;
	result->model = meta->model;
	for (int i = 0; i < columns->n; i++)
	{
		int			from = find_origin(meta, &columns->columns[i]);

		if (from >= 0)
			result->columns[i] = meta->columns[from];
	}
	return result;
}

MMMeta *
mm_statistics_get(Relation index, const MMColumns *columns)
{
	MMMeta	   *result;
	double		weights[MM_MAX_COLUMNS] = {0};
	List	   *partitions;
	ListCell   *lc;

	if (index->rd_rel->relkind != RELKIND_PARTITIONED_INDEX)
		return align(mm_meta_read(index, 0), columns);

	result = mm_columns_metadata(columns);
	partitions = find_all_inheritors(RelationGetRelid(index), AccessShareLock, NULL);
	foreach(lc, partitions)
	{
		Relation	partition;

		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_INDEX)
			continue;
		partition = index_open(lfirst_oid(lc), NoLock);
		merge_partition(result, weights, align(mm_meta_read(partition, 0), columns));
		index_close(partition, NoLock);
	}
	return result;
}
