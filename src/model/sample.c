/*-------------------------------------------------------------------------
 *
 * sample.c
 *	  A uniform random sample of the rows that an index is to hold.
 *
 * Each row gets a number that is as good as random, its priority.  The sample
 * consists of the rows of least priority, as many as were asked for.  If they
 * outgrow a quarter of maintenance_work_mem, the rows of greatest priority are
 * dropped, and no row of such a priority is taken any more.  What remains is
 * still the rows of least priority, and so again a uniform sample.
 *
 * If the table has a primary key, a row's priority is a hash of its key.  Then
 * the same rows give the same sample, and from it the same statistics and the
 * same model, whatever their physical order: when an index is built anew, in a
 * restored dump, on a replica.  A few more rows change the sample by only a
 * few rows.  Without a primary key, priorities come from a sequence that is
 * the same each time, so the sample depends on the order in which rows are
 * read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_constraint.h"
#include "common/hashfn.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/random.h"
#include "model/sample.h"

/* A sample keeps at least this many rows, however wide they are. */
#define LEAST_ROWS		32

/*
 * A sampled row: one chunk of memory, with the values that it refers to at its
 * end.
 */
typedef struct SampledRow
{
	uint64		priority;
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
	int			target;			/* rows to sample */
	binaryheap *heap;			/* of sampled rows, the greatest priority first */
	uint64		limit;			/* no priority as great as this is taken */
	int			nsampled;		/* when all rows were seen: */
	SampledRow **sampled;		/* those sampled, by priority */
	Size		used;			/* bytes of all sampled rows */
	MMRandom	random;
	MemoryContext context;		/* of the sampled rows */
	MemoryContext scratch;		/* reset for each row */
};

static int
compare_priorities(Datum a, Datum b, void *arg)
{
	const SampledRow *x = (const SampledRow *) DatumGetPointer(a);
	const SampledRow *y = (const SampledRow *) DatumGetPointer(b);

	return (x->priority > y->priority) - (x->priority < y->priority);
}

MMSample *
mm_sample_begin(MMColumns *columns, int sample_rows)
{
	MMSample   *sample = palloc0(sizeof(MMSample));

	sample->columns = columns;
	sample->counts = palloc0(sizeof(int64) * columns->n);
	sample->dimensions = palloc(sizeof(int32) * columns->n);
	for (int i = 0; i < columns->n; i++)
		sample->dimensions[i] = -1;
	sample->target = sample_rows;
	sample->heap = binaryheap_allocate(sample_rows + 1, compare_priorities, NULL);
	sample->limit = PG_UINT64_MAX;
	sample->random.seed = 1;
	sample->context = AllocSetContextCreate(CurrentMemoryContext,
											"mmdb sampled rows",
											ALLOCSET_DEFAULT_SIZES);
	sample->scratch = AllocSetContextCreate(CurrentMemoryContext,
											"mmdb sampling",
											ALLOCSET_DEFAULT_SIZES);
	return sample;
}

static SampledRow *
copy_row(MMSample *sample, uint64 priority, Datum *values, const bool *isnull)
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
	row->priority = priority;
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
 * Drop the sampled row of greatest priority.
 */
static void
let_go(MMSample *sample)
{
	SampledRow *row = (SampledRow *) DatumGetPointer(binaryheap_remove_first(sample->heap));

	sample->limit = row->priority;
	sample->used -= row->size;
	pfree(row);
}

uint64
mm_sample_key(uint64 before, Datum value, bool isnull, bool typbyval, int16 typlen)
{
	uint64		hash = 0;

	if (isnull)
		;
	else if (typbyval)
		hash = hash_bytes_extended((const unsigned char *) &value, sizeof(Datum), 0);
	else if (typlen == -1)
	{
		struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);

		hash = hash_bytes_extended((const unsigned char *) VARDATA_ANY(bytes),
								   (int) VARSIZE_ANY_EXHDR(bytes), 0);
	}
	else
		hash = hash_bytes_extended((const unsigned char *) DatumGetPointer(value),
								   (int) datumGetSize(value, false, typlen), 0);
	/*
	 * PostgreSQL's hash leaves dependencies between the high bits of its
	 * results, so mix them.
	 */
	return mm_mix_bits(hash_combine64(before, hash));
}

void
mm_sample_add(MMSample *sample, const uint64 *key, Datum *values, bool *isnull)
{
	MemoryContext old = MemoryContextSwitchTo(sample->scratch);
	uint64		priority;

	mm_columns_check_values(sample->columns, values, isnull, sample->dimensions);
	for (int i = 0; i < sample->columns->n; i++)
		sample->counts[i] += !isnull[i];
	sample->rows++;

	priority = key != NULL ? *key : mm_random_bits(&sample->random);
	if (priority < sample->limit)
	{
		SampledRow *row = copy_row(sample, priority, values, isnull);
		Size		most = (Size) maintenance_work_mem * 1024 / 4;

		binaryheap_add(sample->heap, PointerGetDatum(row));
		sample->used += row->size;
		while (sample->heap->bh_size > sample->target ||
			   (sample->used > most && sample->heap->bh_size > LEAST_ROWS))
			let_go(sample);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(sample->scratch);
}

void
mm_sample_finish(MMSample *sample)
{
	int			n = sample->heap->bh_size;

	sample->nsampled = n;
	sample->sampled = palloc(sizeof(SampledRow *) * Max(n, 1));
	while (n > 0)
		sample->sampled[--n] = (SampledRow *) DatumGetPointer(binaryheap_remove_first(sample->heap));
	binaryheap_free(sample->heap);
	sample->heap = NULL;
}

/* ---------- of a table ---------- */

/*
 * What the scan of a table knows.  The columns of its primary key come after
 * the keys of the index.
 */
typedef struct TableScan
{
	MMSample   *sample;
	int			nkeys;			/* of the index */
	int			nprimary;		/* columns of the primary key; 0: there is none */
	bool		typbyval[INDEX_MAX_KEYS];	/* of those */
	int16		typlen[INDEX_MAX_KEYS];
} TableScan;

/*
 * Make the scan fetch the primary key, too, if there is room for it.
 */
static void
add_primary_key(Relation heap, IndexInfo *indexInfo, TableScan *scan)
{
	Oid			constraint;
	Bitmapset  *columns = get_primary_key_attnos(RelationGetRelid(heap), false, &constraint);
	int			column = -1;

	if (indexInfo->ii_NumIndexAttrs + bms_num_members(columns) > INDEX_MAX_KEYS)
		return;
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		AttrNumber	number = column + FirstLowInvalidHeapAttributeNumber;
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(heap), number - 1);

		scan->typbyval[scan->nprimary] = att->attbyval;
		scan->typlen[scan->nprimary++] = att->attlen;
		indexInfo->ii_IndexAttrNumbers[indexInfo->ii_NumIndexAttrs++] = number;
	}
}

/*
 * Callback of the table scan: one row.
 */
static void
sample_row(Relation index, ItemPointer tid, Datum *keys, bool *keynulls,
		   bool tupleIsAlive, void *state)
{
	TableScan  *scan = state;
	MMSample   *sample = scan->sample;
	MemoryContext old;
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	uint64		key = 0;

	sample->entries++;
	if (!tupleIsAlive)
		return;					/* deleted, if perhaps still visible to some */

	old = MemoryContextSwitchTo(sample->scratch);
	mm_columns_values(sample->columns, keys, keynulls, values, isnull);
	for (int i = 0; i < scan->nprimary; i++)
		key = mm_sample_key(key, keys[scan->nkeys + i], keynulls[scan->nkeys + i],
							scan->typbyval[i], scan->typlen[i]);
	MemoryContextSwitchTo(old);
	mm_sample_add(sample, scan->nprimary > 0 ? &key : NULL, values, isnull);
}

MMSample *
mm_sample_table(Relation heap, Relation index, const IndexInfo *indexInfo,
				MMColumns *columns, int sample_rows, double *table_rows)
{
	IndexInfo  *with_primary = palloc(sizeof(IndexInfo));
	TableScan	scan = {.sample = mm_sample_begin(columns, sample_rows)};

	*with_primary = *indexInfo;
	scan.nkeys = indexInfo->ii_NumIndexAttrs;
	add_primary_key(heap, with_primary, &scan);

	/*
	 * Always begin at the first block, whatever other scans do: the sample may
	 * depend on the order.
	 */
	*table_rows = table_index_build_scan(heap, index, with_primary, false, true,
										 sample_row, &scan, NULL);
	mm_sample_finish(scan.sample);
	return scan.sample;
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
