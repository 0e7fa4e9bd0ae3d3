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
 * The partitions of a table are compared one after the other, with one picture of them all.
 * If memory does not suffice, places are divided into ranges, and the picture is read once
 * for each of these.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/relscan.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
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
	int			home;			/* which of the tables, in ascending order of OIDs */
} Version;

/*
 * Versions of a picture in a range of blocks.  Blocks of all tables are numbered through:
 * see block_of.
 */
typedef struct Versions
{
	int			nhomes;
	Oid		   *homes;
	uint64		first;
	uint64		last;
	int			n;
	int			most;
	bool		sorted;
	Version    *versions;
} Versions;

static uint64
block_of(const Version *version)
{
	return (uint64) version->home << 32 | ItemPointerGetBlockNumberNoCheck(&version->place);
}

static int
compare_versions(const void *a, const void *b)
{
	const Version *x = a;
	const Version *y = b;
	int			order;

	if (x->home != y->home)
		return x->home < y->home ? -1 : 1;
	order = ItemPointerCompare(unconstify(ItemPointerData *, &x->place),
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
	uint64		middle;

	sort_versions(versions);
	middle = block_of(&versions->versions[versions->n / 2]);
	if (middle == versions->first)
		middle++;
	while (versions->n > 0 && block_of(&versions->versions[versions->n - 1]) >= middle)
		versions->n--;
	versions->last = middle - 1;
	if (versions->n == versions->most)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the picture has more versions at block %u than there can be", (BlockNumber) versions->first)));
}

/*
 * The number of a table, -1 if it is none of those.
 */
static int
number_of_home(const Versions *versions, Oid home)
{
	int			low = 0;
	int			high = versions->nhomes;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (versions->homes[middle] < home)
			low = middle + 1;
		else
			high = middle;
	}
	return low < versions->nhomes && versions->homes[low] == home ? low : -1;
}

/*
 * Read the versions of a picture from a block on, as many as there is memory for.
 */
static void
read_picture(Relation picture, uint64 first, Versions *versions)
{
	TupleTableSlot *slot = table_slot_create(picture, NULL);
	TableScanDesc scan = table_beginscan(picture, GetActiveSnapshot(), 0, NULL);

	versions->first = first;
	versions->last = PG_UINT64_MAX;
	versions->n = 0;
	versions->sorted = true;
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Version		version = {.pictured = slot->tts_tid};

		CHECK_FOR_INTERRUPTS();
		slot_getsomeattrs(slot, PICTURE_COLUMNS);
		if (slot->tts_isnull[PICTURE_HOME] || slot->tts_isnull[PICTURE_PLACE] ||
			slot->tts_isnull[PICTURE_TRANSACTION])
			continue;
		version.home = number_of_home(versions, DatumGetObjectId(slot->tts_values[PICTURE_HOME]));
		version.place = *(const ItemPointerData *) DatumGetPointer(slot->tts_values[PICTURE_PLACE]);
		version.transaction = DatumGetTransactionId(slot->tts_values[PICTURE_TRANSACTION]);
		if (version.home < 0 || block_of(&version) < versions->first || block_of(&version) > versions->last)
			continue;
		if (versions->n == versions->most)
		{
			narrow(versions);
			if (block_of(&version) > versions->last)
				continue;
		}
		versions->sorted = versions->sorted &&
			(versions->n == 0 || compare_versions(&versions->versions[versions->n - 1], &version) < 0);
		versions->versions[versions->n++] = version;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	sort_versions(versions);
}

/*
 * Return a version that only the picture has, or only the table.
 */
static void
put(ReturnSetInfo *result, const Versions *versions, const Version *version, bool pictured)
{
	Version		copy = *version;
	Datum		values[3] = {
		ObjectIdGetDatum(versions->homes[copy.home]), PointerGetDatum(&copy.place), PointerGetDatum(&copy.pictured)
	};
	bool		isnull[3] = {false, false, !pictured};

	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

/*
 * Compare versions, of which *next is the first that was not compared yet, with those of a
 * table in the same range.
 */
static void
compare_with_table(int home, const Versions *versions, int *next, ReturnSetInfo *result)
{
	uint64		start = (uint64) home << 32;
	Relation	table = table_open(versions->homes[home], AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	ItemPointerData first;
	ItemPointerData last;
	TableScanDesc scan;

	ItemPointerSet(&first, (BlockNumber) (Max(versions->first, start) - start), FirstOffsetNumber);
	ItemPointerSet(&last, (BlockNumber) (Min(versions->last, start + MaxBlockNumber) - start), MaxOffsetNumber);
	scan = table_beginscan_tidrange(table, GetActiveSnapshot(), &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
	{
		Version		version = {.place = slot->tts_tid, .home = home};
		bool		isnull;
		int			order = -1;

		CHECK_FOR_INTERRUPTS();
		version.transaction = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull));
		for (; *next < versions->n; (*next)++)
		{
			order = compare_versions(&version, &versions->versions[*next]);
			if (order <= 0)
				break;
			put(result, versions, &versions->versions[*next], true);
		}
		if (*next < versions->n && order == 0)
			(*next)++;
		else
			put(result, versions, &version, false);
	}
	for (; *next < versions->n && versions->versions[*next].home == home; (*next)++)
		put(result, versions, &versions->versions[*next], true);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, AccessShareLock);
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
 * The table, or its partitions, whose rows are compared, in ascending order.  Raises an error
 * if one has no rows of its own, or belongs to somebody else.
 */
static void
find_homes(Relation table, Versions *versions)
{
	List	   *homes = table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ?
		find_inheritance_children(RelationGetRelid(table), AccessShareLock) : list_make1_oid(RelationGetRelid(table));
	ListCell   *lc;

	list_sort(homes, list_oid_cmp);
	versions->homes = palloc(sizeof(Oid) * (list_length(homes) + 1));
	foreach(lc, homes)
	{
		Relation	home = table_open(lfirst_oid(lc), AccessShareLock);

		mm_require_owner(RelationGetRelid(home));
		if (home->rd_rel->relkind != RELKIND_RELATION || home->rd_tableam->scan_set_tidrange == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is no table with rows that have places of their own", RelationGetRelationName(home))));
		versions->homes[versions->nhomes++] = RelationGetRelid(home);
		table_close(home, AccessShareLock);
	}
}

/*
 * changed_versions(table, picture): the places of versions that only one of them has, with
 * the table or partition; of those that the picture has, also their places there.  Memory:
 * maintenance_work_mem.
 */
Datum
mm_changed_versions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	table;
	Relation	picture;
	Versions	versions = {0};
	Size		memory = Min((Size) maintenance_work_mem * 1024, MaxAllocSize);
	uint64		first = 0;

	mm_require_owner(PG_GETARG_OID(0));
	mm_require_owner(PG_GETARG_OID(1));
	InitMaterializedSRF(fcinfo, 0);
	table = relation_open(PG_GETARG_OID(0), AccessShareLock);
	picture = table_open(PG_GETARG_OID(1), AccessShareLock);
	find_homes(table, &versions);
	require_picture(picture);
	/* More than one block's rows, so that a range can always be narrowed. */
	versions.most = (int) Max(memory / sizeof(Version), 2 * MaxHeapTuplesPerPage);
	versions.versions = palloc(sizeof(Version) * versions.most);
	for (;;)
	{
		int			next = 0;

		read_picture(picture, first, &versions);
		for (int home = (int) (versions.first >> 32);
			 home < versions.nhomes && (uint64) home <= versions.last >> 32; home++)
			compare_with_table(home, &versions, &next, result);
		if (versions.last == PG_UINT64_MAX)
			break;
		first = versions.last + 1;
	}
	pfree(versions.versions);
	table_close(picture, AccessShareLock);
	relation_close(table, AccessShareLock);
	return (Datum) 0;
}
