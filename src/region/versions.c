/*-------------------------------------------------------------------------
 *
 * versions.c
 *	  Which versions of rows differ between a table and a picture of it.
 *
 * A picture is a table of rows as they were, whose first columns say of which table
 * they are, at which place, and of which transaction (shard/picture.c).  It is compared
 * with the table in the order of places: versions of the picture are sorted in memory,
 * and the table is read in that order anyway.  That is what others have to wait for
 * when a region moves, and takes a tenth of a join's time.
 *
 * If memory does not suffice, places are divided into ranges, and both are read once
 * for each of these.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/itemptr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "index/owner.h"

PG_FUNCTION_INFO_V1(mm_changed_versions);

extern PGDLLEXPORT Datum mm_changed_versions(PG_FUNCTION_ARGS);

/* The first columns of a picture. */
enum
{
	PICTURE_HOME,
	PICTURE_PLACE,
	PICTURE_TRANSACTION,
	PICTURE_COLUMNS
};

typedef struct Version
{
	ItemPointerData place;
	ItemPointerData pictured;	/* place of its row in the picture */
	TransactionId transaction;
} Version;

/* Versions of a picture whose places are within a range. */
typedef struct Versions
{
	BlockNumber first;
	BlockNumber last;
	int			n;
	int			most;
	bool		sorted;
	Version    *versions;
} Versions;

static int
compare_versions(const void *a, const void *b)
{
	const Version *x = a;
	const Version *y = b;
	int			order = ItemPointerCompare(unconstify(ItemPointerData *, &x->place),
								   unconstify(ItemPointerData *, &y->place));

	if (order != 0)
		return order;
	return x->transaction < y->transaction ? -1 : x->transaction > y->transaction;
}

static void
sort_versions(Versions *versions)
{
	if (!versions->sorted)
		qsort(versions->versions, versions->n, sizeof(Version), compare_versions);
	versions->sorted = true;
}

/*
 * Make room by leaving the greater half of the blocks to the next range.
 */
static void
narrow(Versions *versions)
{
	BlockNumber middle;

	sort_versions(versions);
	middle = ItemPointerGetBlockNumberNoCheck(&versions->versions[versions->n / 2].place);
	if (middle == versions->first)
		middle++;
	while (versions->n > 0 && ItemPointerGetBlockNumberNoCheck(&versions->versions[versions->n - 1].place) >= middle)
		versions->n--;
	versions->last = middle - 1;
	if (versions->n == versions->most)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the picture has more versions at block %u than there can be", versions->first)));
}

/*
 * Read the versions of a picture that are of one table and begin with a block, as many
 * as there is memory for.
 */
static void
read_picture(Relation picture, Oid home, BlockNumber first, Versions *versions)
{
	TupleTableSlot *slot = table_slot_create(picture, NULL);
	TableScanDesc scan = table_beginscan(picture, GetActiveSnapshot(), 0, NULL);

	versions->first = first;
	versions->last = MaxBlockNumber;
	versions->n = 0;
	versions->sorted = true;
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		const ItemPointerData *place;
		BlockNumber block;
		Version    *version;

		CHECK_FOR_INTERRUPTS();
		slot_getsomeattrs(slot, PICTURE_COLUMNS);
		if (slot->tts_isnull[PICTURE_HOME] || slot->tts_isnull[PICTURE_PLACE] ||
			slot->tts_isnull[PICTURE_TRANSACTION] ||
			DatumGetObjectId(slot->tts_values[PICTURE_HOME]) != home)
			continue;
		place = (const ItemPointerData *) DatumGetPointer(slot->tts_values[PICTURE_PLACE]);
		block = ItemPointerGetBlockNumberNoCheck(place);
		if (block < versions->first || block > versions->last)
			continue;
		if (versions->n == versions->most)
		{
			narrow(versions);
			if (block > versions->last)
				continue;
		}
		version = &versions->versions[versions->n];
		version->place = *place;
		version->pictured = slot->tts_tid;
		version->transaction = DatumGetTransactionId(slot->tts_values[PICTURE_TRANSACTION]);
		versions->sorted = versions->sorted &&
			(versions->n == 0 || compare_versions(version - 1, version) < 0);
		versions->n++;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	sort_versions(versions);
}

/*
 * Return a version that only the picture has, or only the table.
 */
static void
put(ReturnSetInfo *result, const Version *version, bool pictured)
{
	Version		copy = *version;
	Datum		values[2] = {PointerGetDatum(&copy.place), PointerGetDatum(&copy.pictured)};
	bool		isnull[2] = {false, !pictured};

	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

/*
 * Compare versions with those of the table in the same range.
 */
static void
compare_with_table(Relation table, const Versions *versions, ReturnSetInfo *result)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	ItemPointerData first;
	ItemPointerData last;
	TableScanDesc scan;
	int			next = 0;

	ItemPointerSet(&first, versions->first, FirstOffsetNumber);
	ItemPointerSet(&last, versions->last, MaxOffsetNumber);
	scan = table_beginscan_tidrange(table, GetActiveSnapshot(), &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
	{
		Version		version = {.place = slot->tts_tid};
		bool		isnull;
		int			order = -1;

		CHECK_FOR_INTERRUPTS();
		version.transaction = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull));
		for (; next < versions->n; next++)
		{
			order = compare_versions(&version, &versions->versions[next]);
			if (order <= 0)
				break;
			put(result, &versions->versions[next], true);
		}
		if (next < versions->n && order == 0)
			next++;
		else
			put(result, &version, false);
	}
	for (; next < versions->n; next++)
		put(result, &versions->versions[next], true);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Raise an error if a relation is no picture.
 */
static void
require_picture(Relation picture)
{
	static const Oid types[PICTURE_COLUMNS] = {OIDOID, TIDOID, XIDOID};
	TupleDesc	desc = RelationGetDescr(picture);
	bool		fits = picture->rd_rel->relkind == RELKIND_RELATION && desc->natts >= PICTURE_COLUMNS;

	for (int i = 0; fits && i < PICTURE_COLUMNS; i++)
		fits = TupleDescAttr(desc, i)->atttypid == types[i];
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no picture of a table", RelationGetRelationName(picture)),
				 errdetail("Its first columns must be of the types oid, tid and xid.")));
}

/*
 * changed_versions(table, picture): the places of versions that only one of them has; of
 * those that the picture has, also their places there.  The table is without its partitions
 * or children.  Memory: maintenance_work_mem.
 */
Datum
mm_changed_versions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	table;
	Relation	picture;
	Versions	versions = {0};
	Size		memory = Min((Size) maintenance_work_mem * 1024, MaxAllocSize);
	BlockNumber first = 0;

	mm_require_owner(PG_GETARG_OID(0));
	mm_require_owner(PG_GETARG_OID(1));
	InitMaterializedSRF(fcinfo, 0);
	table = table_open(PG_GETARG_OID(0), AccessShareLock);
	picture = table_open(PG_GETARG_OID(1), AccessShareLock);
	if (table->rd_rel->relkind != RELKIND_RELATION || table->rd_tableam->scan_set_tidrange == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no table with rows that have places of their own", RelationGetRelationName(table))));
	require_picture(picture);
	/* More than one block's rows, so that a range can always be narrowed. */
	versions.most = (int) Max(memory / sizeof(Version), 2 * MaxHeapTuplesPerPage);
	versions.versions = palloc(sizeof(Version) * versions.most);
	for (;;)
	{
		read_picture(picture, RelationGetRelid(table), first, &versions);
		compare_with_table(table, &versions, result);
		if (versions.last == MaxBlockNumber)
			break;
		first = versions.last + 1;
	}
	pfree(versions.versions);
	table_close(picture, AccessShareLock);
	table_close(table, AccessShareLock);
	return (Datum) 0;
}
