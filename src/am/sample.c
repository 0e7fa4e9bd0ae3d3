/*-------------------------------------------------------------------------
 *
 * sample.c
 *	  A uniform random sample of the rows an index is to hold.
 *
 * Reservoir sampling (Vitter's algorithm R) over one scan of the table.  When
 * the sampled rows outgrow a quarter of maintenance_work_mem, random ones are let go until
 * half of them are left, and the reservoir stays that small: what remains is
 * again a uniform sample.  Random numbers start from a fixed seed, so the
 * same table in the same physical order gives the same sample.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "am/am.h"

/* A sample keeps so many rows, however wide they are. */
#define LEAST_ROWS		32

/* One chunk of memory, with the values it refers to behind it. */
typedef struct SampledRow
{
	Size		size;			/* of the chunk */
	Datum	   *values;
	bool	   *isnull;
} SampledRow;

struct MMSample
{
	MMColumns  *columns;
	int64		rows;			/* live ones, seen so far */
	int64		entries;		/* all that the index must hold */
	int64	   *counts;			/* of values not NULL, for each column */
	int32	   *dimensions;		/* for each column; -1: none, or not yet seen */
	int			nsampled;
	int			target;			/* rows the reservoir holds */
	SampledRow **sampled;
	Size		used;			/* bytes of all sampled rows */
	MMRandom	random;
	MemoryContext context;		/* of the sampled rows */
	MemoryContext scratch;		/* reset for each row */
};

static SampledRow *
copy_row(MMSample *sample, Datum *values, const bool *isnull)
{
	int			n = sample->columns->n;
	const MMColumn *columns = sample->columns->columns;
	Size		header = MAXALIGN(sizeof(SampledRow) + n * (sizeof(Datum) + sizeof(bool)));
	Size		size = header;
	SampledRow *row;
	char	   *pt;

	for (int i = 0; i < n; i++)
	{
		if (isnull[i] || columns[i].typbyval)
			continue;
		if (columns[i].typlen == -1)
			values[i] = PointerGetDatum(PG_DETOAST_DATUM(values[i]));
		size += MAXALIGN(datumGetSize(values[i], false, columns[i].typlen));
	}

	row = MemoryContextAllocHuge(sample->context, size);
	row->size = size;
	row->values = (Datum *) (row + 1);
	row->isnull = (bool *) (row->values + n);
	memcpy(row->values, values, sizeof(Datum) * n);
	memcpy(row->isnull, isnull, sizeof(bool) * n);
	pt = (char *) row + header;
	for (int i = 0; i < n; i++)
	{
		Size		value_size;

		if (isnull[i] || columns[i].typbyval)
			continue;
		value_size = datumGetSize(values[i], false, columns[i].typlen);
		row->values[i] = PointerGetDatum(memcpy(pt, DatumGetPointer(values[i]), value_size));
		pt += MAXALIGN(value_size);
	}
	return row;
}

/*
 * Put a row into a slot of the reservoir, in place of the one there, if any.
 */
static void
put_row(MMSample *sample, int slot, SampledRow *row)
{
	if (slot < sample->nsampled)
	{
		sample->used -= sample->sampled[slot]->size;
		pfree(sample->sampled[slot]);
	}
	else
		sample->nsampled++;
	sample->sampled[slot] = row;
	sample->used += row->size;
}

/*
 * Let go of random rows until half of them are left.
 */
static void
halve(MMSample *sample)
{
	sample->target = sample->nsampled / 2;
	while (sample->nsampled > sample->target)
	{
		int			victim = (int) mm_random_below(&sample->random, sample->nsampled);
		SampledRow *row = sample->sampled[victim];

		sample->sampled[victim] = sample->sampled[--sample->nsampled];
		sample->used -= row->size;
		pfree(row);
	}
}

/*
 * Callback of the table scan: one row.
 */
static void
sample_row(Relation index, ItemPointer tid, Datum *keys, bool *keynulls,
		   bool tupleIsAlive, void *state)
{
	MMSample   *sample = state;
	MemoryContext old;
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	int64		slot;

	sample->entries++;
	if (!tupleIsAlive)
		return;					/* deleted, if perhaps still visible to some */

	old = MemoryContextSwitchTo(sample->scratch);
	mm_columns_values(sample->columns, keys, keynulls, values, isnull);
	mm_columns_check_values(sample->columns, values, isnull, sample->dimensions);
	for (int i = 0; i < sample->columns->n; i++)
		sample->counts[i] += !isnull[i];

	sample->rows++;
	slot = sample->nsampled < sample->target ? sample->nsampled :
		mm_random_below(&sample->random, sample->rows);
	if (slot < sample->target)
	{
		put_row(sample, (int) slot, copy_row(sample, values, isnull));
		if (sample->used > (Size) maintenance_work_mem * 1024 / 4 &&
			sample->nsampled >= 2 * LEAST_ROWS)
			halve(sample);
	}

	MemoryContextSwitchTo(old);
	MemoryContextReset(sample->scratch);
}

MMSample *
mm_sample_table(Relation heap, Relation index, IndexInfo *indexInfo,
				MMColumns *columns, int sample_rows, bool concurrent,
				double *table_rows)
{
	MMSample   *sample = palloc0(sizeof(MMSample));
	Snapshot	snapshot;
	TableScanDesc scan;

	sample->columns = columns;
	sample->counts = palloc0(sizeof(int64) * columns->n);
	sample->dimensions = palloc(sizeof(int32) * columns->n);
	for (int i = 0; i < columns->n; i++)
		sample->dimensions[i] = -1;
	sample->target = sample_rows;
	sample->sampled = palloc(sizeof(SampledRow *) * sample_rows);
	sample->random.seed = 1;
	sample->context = AllocSetContextCreate(CurrentMemoryContext,
											"mmdb sampled rows",
											ALLOCSET_DEFAULT_SIZES);
	sample->scratch = AllocSetContextCreate(CurrentMemoryContext,
											"mmdb sampling",
											ALLOCSET_DEFAULT_SIZES);

	/* From the first block on, whatever other scans do: see above. */
	if (!concurrent)
	{
		*table_rows = table_index_build_scan(heap, index, indexInfo, false, true,
											 sample_row, sample, NULL);
		return sample;
	}

	/*
	 * The transaction's snapshot may be old: that of the catalogs is not, and
	 * can be taken in a parallel VACUUM, too.
	 */
	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationGetRelid(heap)));
	scan = table_beginscan_strat(heap, snapshot, 0, NULL, true, false);
	indexInfo->ii_Concurrent = true;
	*table_rows = table_index_build_scan(heap, index, indexInfo, true, false,
										 sample_row, sample, scan);
	UnregisterSnapshot(snapshot);
	return sample;
}

int64
mm_sample_entries(const MMSample *sample)
{
	return sample->entries;
}

int64
mm_sample_count(const MMSample *sample, int column)
{
	return sample->counts[column];
}

int32
mm_sample_dimensions(const MMSample *sample, int column)
{
	return sample->dimensions[column];
}

int
mm_sample_size(const MMSample *sample)
{
	return sample->nsampled;
}

int
mm_sample_values(const MMSample *sample, int column, Datum *values)
{
	int			n = 0;

	for (int i = 0; i < sample->nsampled; i++)
		if (!sample->sampled[i]->isnull[column])
			values[n++] = sample->sampled[i]->values[column];
	return n;
}

void
mm_sample_row(const MMSample *sample, int row, Datum **values, bool **isnull)
{
	*values = sample->sampled[row]->values;
	*isnull = sample->sampled[row]->isnull;
}
