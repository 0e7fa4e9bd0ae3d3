/*-------------------------------------------------------------------------
 *
 * tree_cache.c
 *	  Region trees that have been read.
 *
 * To read a tree takes longer than to bound servers by it, and every search of a
 * distributed table needs it.  So the trees that were used last are kept for the
 * session, each with the bytes that it was read from.
 *
 * A search uses its tree until it ends, at the latest with the transaction.  So a
 * tree is dropped only if it was last used in an earlier transaction: those of
 * tables that are not searched any more, and all of them after operator classes
 * have changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "fanout/fanout.h"

#define MOST_TREES	8

typedef struct CachedTree
{
	MemoryContext context;		/* of all that is here; NULL: free */
	struct varlena *value;
	MMRegionTree *tree;
	bool		stale;
	TimestampTz used;			/* when the transaction began that used it last */
} CachedTree;

static CachedTree trees[MOST_TREES];

static void
mark_stale(Datum arg, int cacheid, uint32 hash)
{
	for (int i = 0; i < MOST_TREES; i++)
		trees[i].stale = true;
}

static bool
is_same(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

/*
 * A place for another tree; NULL if all are in use.
 */
static CachedTree *
free_place(TimestampTz now)
{
	CachedTree *oldest = NULL;

	for (int i = 0; i < MOST_TREES; i++)
	{
		CachedTree *cached = &trees[i];

		if (cached->context == NULL)
			return cached;
		if (cached->used != now && (oldest == NULL || cached->stale > oldest->stale ||
									(cached->stale == oldest->stale && cached->used < oldest->used)))
			oldest = cached;
	}
	if (oldest == NULL)
		return NULL;
	MemoryContextDelete(oldest->context);
	oldest->context = NULL;
	return oldest;
}

const MMRegionTree *
mm_fanout_tree(Datum datum)
{
	static bool registered = false;
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	MemoryContext context;
	MemoryContext old;
	CachedTree *cached;
	MMRegionTree *tree;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(CLAOID, mark_stale, (Datum) 0);
		registered = true;
	}
	for (int i = 0; i < MOST_TREES; i++)
	{
		cached = &trees[i];
		if (cached->context != NULL && !cached->stale && is_same(cached->value, value))
		{
			cached->used = now;
			return cached->tree;
		}
	}
	cached = free_place(now);
	if (cached == NULL)
		return mm_region_tree_read(datum);
	context = AllocSetContextCreate(CurrentMemoryContext, "mmdb region tree",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	cached->stale = false;
	tree = mm_region_tree_read(datum);
	cached->value = memcpy(palloc(VARSIZE_ANY(value)), value, VARSIZE_ANY(value));
	MemoryContextSwitchTo(old);
	/* If reading it has failed, nothing is left of it. */
	MemoryContextSetParent(context, CacheMemoryContext);
	cached->context = context;
	cached->tree = tree;
	cached->used = now;
	return tree;
}
