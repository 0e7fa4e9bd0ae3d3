/*-------------------------------------------------------------------------
 *
 * kept.c
 *	  What a session keeps of the indexes that it searches; see kept.h.
 *
 * An index has a memory context of its own, with its columns, and with its model once
 * that was asked for.  It is forgotten when the relation or a catalog that says what its
 * metrics are changes.  Who uses it then goes on doing so: the context is deleted
 * when the last user's memory is.
 *
 * The columns of a composite are not kept.  Its type may change, and other types' default
 * operator classes, without anything that tells of it.  Nor are those with a metric that
 * is a function alone: while it runs, it may search the same index, and it cannot be
 * called twice at a time by way of the same FmgrInfo.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "model/kept.h"

/* How many are kept at most.  Of other indexes, everything is made each time. */
#define MOST_KEPT	128

/* A larger model (of wide vectors) is made for each search. */
#define LARGEST_MODEL	(256 * 1024)

typedef struct Kept
{
	Oid			index;
	MemoryContext context;
	MMColumns  *columns;
	MMModel    *model;			/* NULL: it was not asked for yet */
	BlockNumber model_block;	/* where it is stored */
	uint32		model_crc;
	int			users;
	bool		forgotten;		/* it goes when nobody uses it any more */
} Kept;

typedef struct KeptEntry
{
	Oid			index;			/* the key */
	Kept	   *kept;
} KeptEntry;

static HTAB *kept_indexes = NULL;

/* How often something has changed. */
static uint64 changes = 0;

/* ---------- forgetting ---------- */

static void
forget(Kept *kept)
{
	(void) hash_search(kept_indexes, &kept->index, HASH_REMOVE, NULL);
	kept->forgotten = true;
	if (kept->users == 0)
		MemoryContextDelete(kept->context);
}

/*
 * Forget an index, or all (InvalidOid); perhaps only if they are not in use.
 */
static void
forget_indexes(Oid index, bool only_unused)
{
	HASH_SEQ_STATUS scan;
	KeptEntry  *entry;

	if (OidIsValid(index))
	{
		entry = hash_search(kept_indexes, &index, HASH_FIND, NULL);
		if (entry != NULL)
			forget(entry->kept);
		return;
	}
	hash_seq_init(&scan, kept_indexes);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (!only_unused || entry->kept->users == 0)
			forget(entry->kept);
}

static void
relation_changes(Datum arg, Oid relation)
{
	changes++;
	forget_indexes(relation, false);
}

static void
catalog_changes(Datum arg, int cache, uint32 hash)
{
	changes++;
	forget_indexes(InvalidOid, false);
}

static void
end_use(void *arg)
{
	Kept	   *kept = arg;

	if (--kept->users == 0 && kept->forgotten)
		MemoryContextDelete(kept->context);
}

static void
init(void)
{
	static const int caches[] = {AMOPSTRATEGY, AMPROCNUM, CLAOID, OPEROID, PROCOID};
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(KeptEntry)};

	if (kept_indexes != NULL)
		return;
	kept_indexes = hash_create("mmdb indexes", MOST_KEPT, &control, HASH_ELEM | HASH_BLOBS);
	for (int i = 0; i < (int) lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], catalog_changes, (Datum) 0);
	CacheRegisterRelcacheCallback(relation_changes, (Datum) 0);
}

/* ---------- use ---------- */

static Kept *
find(Oid index)
{
	KeptEntry  *entry = kept_indexes == NULL ? NULL :
		hash_search(kept_indexes, &index, HASH_FIND, NULL);

	return entry == NULL ? NULL : entry->kept;
}

/*
 * Do all columns have a routine?
 */
static bool
have_routines(const MMColumns *columns)
{
	for (int i = 0; i < columns->n; i++)
		if (columns->columns[i].space.routine == NULL)
			return false;
	return true;
}

/*
 * Open the columns of an index, and keep them, unless something has changed meanwhile:
 * then they are for this once.
 */
static Kept *
keep(Relation index)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb index",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Kept	   *kept = palloc0(sizeof(Kept));
	uint64		before = changes;

	kept->index = RelationGetRelid(index);
	kept->context = context;
	kept->columns = mm_columns_open(index);
	MemoryContextSwitchTo(old);
	kept->forgotten = changes != before || !have_routines(kept->columns);
	if (!kept->forgotten)
		((KeptEntry *) hash_search(kept_indexes, &kept->index, HASH_ENTER, NULL))->kept = kept;
	MemoryContextSetParent(context, CacheMemoryContext);
	return kept;
}

MMColumns *
mm_kept_columns(Relation index)
{
	Kept	   *kept;
	MemoryContextCallback *callback;

	init();
	kept = find(RelationGetRelid(index));
	if (kept == NULL)
	{
		if (hash_get_num_entries(kept_indexes) >= MOST_KEPT)
			forget_indexes(InvalidOid, true);
		if (hash_get_num_entries(kept_indexes) >= MOST_KEPT ||
			index->rd_opcintype[0] == RECORDOID ||
			index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
			return mm_columns_open(index);
		kept = keep(index);
	}
	callback = palloc(sizeof(MemoryContextCallback));
	callback->func = end_use;
	callback->arg = kept;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	kept->users++;
	return kept->columns;
}

MMModel *
mm_kept_model(MMColumns *columns, const MMMeta *meta, const void *stored)
{
	Kept	   *kept = find(columns->index);
	MemoryContext old;

	if (kept == NULL || kept->columns != columns || stored == NULL ||
		meta->shared.size > LARGEST_MODEL ||
		(kept->model != NULL &&
		 (kept->model_block != meta->model || kept->model_crc != meta->model_crc)))
		return mm_model_open(columns, meta, stored);
	if (kept->model != NULL)
		return kept->model;
	old = MemoryContextSwitchTo(kept->context);
	kept->model = mm_model_open(columns, meta, stored);
	kept->model_block = meta->model;
	kept->model_crc = meta->model_crc;
	MemoryContextSwitchTo(old);
	return kept->model;
}
