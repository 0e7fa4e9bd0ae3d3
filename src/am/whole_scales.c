/*-------------------------------------------------------------------------
 *
 * whole_scales.c
 *	  The scales of the index of a partitioned table, fixed when it is made.
 *
 * Distances of rows in different partitions can be compared only if they are
 * divided by the same scales.  Such scales do not follow from what the partitions'
 * indexes measure: where partitions differ, most distances are those between rows
 * of different ones.  So CREATE INDEX on a partitioned table reads all of its
 * partitions once more, before the first of their indexes is built, and pins what it
 * measures, as mm_pin_scales would.  From then on it is in the index's definition.
 *
 * It does not do so if scales are given.  Nor if there are hardly any rows yet, if
 * there are foreign partitions, of which nothing is read here, or if row-level
 * security hides rows: everybody can see the definition.  Nor for a composite, whose
 * type may get more attributes: the list of scales would not fit any more.  Then there
 * are no scales, and who wants to normalize distances is told to pin some.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/whole_scales.h"
#include "index/options.h"
#include "index/scales.h"
#include "model/statistics.h"

/*
 * A sample of all partitions.
 */
typedef struct WholeSample
{
	Relation	table;			/* the partitioned one */
	MMSample   *sample;
	MMColumns  *columns;
	IndexInfo  *info;			/* of its index */
	EState	   *estate;
	ExprState  *predicate;
	Bitmapset  *primary;		/* its primary key, as get_primary_key_attnos has it */
	int64		rows;
} WholeSample;

/*
 * Take in a row, in a slot for the partitioned table.
 */
static void
add_row(WholeSample *whole, TupleTableSlot *slot)
{
	ExprContext *econtext = GetPerTupleExprContext(whole->estate);
	MemoryContext old;
	Datum		keys[INDEX_MAX_KEYS];
	bool		keynulls[INDEX_MAX_KEYS];
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	uint64		key = 0;
	int			column = -1;

	ResetExprContext(econtext);
	econtext->ecxt_scantuple = slot;
	if (!ExecQual(whole->predicate, econtext))
		return;
	whole->rows++;
	FormIndexDatum(whole->info, slot, whole->estate, keys, keynulls);
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	mm_columns_values(whole->columns, keys, keynulls, values, isnull);
	while ((column = bms_next_member(whole->primary, column)) >= 0)
	{
		AttrNumber	number = column + FirstLowInvalidHeapAttributeNumber;
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(whole->table), number - 1);
		bool		null;
		Datum		value = slot_getattr(slot, number, &null);

		key = mm_sample_key(key, value, null, att->attbyval, att->attlen);
	}
	MemoryContextSwitchTo(old);
	mm_sample_add(whole->sample, whole->primary != NULL ? &key : NULL, values, isnull);
}

/*
 * Read a partition.
 */
static void
add_partition(WholeSample *whole, Relation partition, Snapshot snapshot)
{
	TupleTableSlot *slot = table_slot_create(partition, NULL);
	TupleTableSlot *converted = MakeSingleTupleTableSlot(RelationGetDescr(whole->table), &TTSOpsVirtual);
	TupleConversionMap *map = convert_tuples_by_name(RelationGetDescr(partition),
													 RelationGetDescr(whole->table));
	TableScanDesc scan = table_beginscan(partition, snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		add_row(whole, map == NULL ? slot : execute_attr_map_slot(map->attrMap, slot, converted));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(converted);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * May, and can, everything in a partitioned table be read?
 */
static bool
is_readable(const List *oids)
{
	ListCell   *lc;

	foreach(lc, oids)
	{
		Relation	relation = table_open(lfirst_oid(lc), NoLock);
		bool		readable = relation->rd_rel->relkind != RELKIND_FOREIGN_TABLE &&
			!relation->rd_rel->relrowsecurity;

		table_close(relation, NoLock);
		if (!readable)
			return false;
	}
	return true;
}

/*
 * Measure the distances of all rows of these tables, the partitioned one, which is
 * first, and its partitions; NULL if there are too few.
 */
static MMMeta *
measure(Relation index, MMColumns *columns, const List *oids)
{
	WholeSample whole = {
		.table = table_open(linitial_oid(oids), NoLock),
		.columns = columns,
		.sample = mm_sample_begin(columns, mm_options_get(index).sample_rows),
		.info = BuildIndexInfo(index),
		.estate = CreateExecutorState(),
	};
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Oid			constraint;
	Oid			user;
	int			security;
	MMMeta	   *meta = NULL;
	ListCell   *lc;

	/* The owner of the partition that is built now need not be that of the others. */
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(whole.table->rd_rel->relowner, security | SECURITY_RESTRICTED_OPERATION);
	whole.predicate = ExecPrepareQual(whole.info->ii_Predicate, whole.estate);
	whole.primary = get_primary_key_attnos(RelationGetRelid(whole.table), false, &constraint);
	foreach(lc, oids)
	{
		Relation	partition = table_open(lfirst_oid(lc), NoLock);

		if (partition->rd_rel->relkind == RELKIND_RELATION)
			add_partition(&whole, partition, snapshot);
		table_close(partition, NoLock);
	}
	mm_sample_finish(whole.sample);
	if (whole.rows > MM_TRAINING_ROWS)
		meta = mm_statistics_measure(whole.sample, columns, (double) whole.rows);
	SetUserIdAndSecContext(user, security);
	UnregisterSnapshot(snapshot);
	FreeExecutorState(whole.estate);
	table_close(whole.table, NoLock);
	return meta;
}

/*
 * The scales of a partitioned index, for the storage parameter; NULL if there are
 * none.
 */
static char *
measured_scales(Relation index)
{
	Oid			table = index->rd_index->indrelid;
	List	   *oids = find_all_inheritors(table, AccessShareLock, NULL);
	MMColumns  *columns;
	MMMeta	   *meta;
	double		scales[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];

	if (!is_readable(oids))
		return NULL;
	columns = mm_columns_make(index);
	if (columns->composite != NULL)
		return NULL;
	meta = measure(index, columns, oids);
	if (meta == NULL)
		return NULL;
	mm_statistics_scales(meta, columns->n, scales, isnull);
	return mm_scales_parameter(scales, isnull, columns->n);
}

void
mm_whole_scales_fix(Relation partition)
{
	List	   *ancestors;
	Relation	index;

	if (!partition->rd_rel->relispartition)
		return;
	ancestors = get_partition_ancestors(RelationGetRelid(partition));
	index = index_open(llast_oid(ancestors), AccessShareLock);
	/* Is it the one that is just being made? */
	if (index->rd_createSubid != InvalidSubTransactionId && mm_options_scales(index) == NULL)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb scales",
													  ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);
		char	   *value = measured_scales(index);

		if (value != NULL)
			mm_scales_set_partitioned(RelationGetRelid(index), value);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
	index_close(index, AccessShareLock);
}
