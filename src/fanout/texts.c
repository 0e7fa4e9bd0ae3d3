/*-------------------------------------------------------------------------
 *
 * texts.c
 *	  The texts of statements, kept for the next search of the same kind.
 *
 * To write a statement takes longer than anything else that this server does for a
 * search.  It depends on a few things, which are compared, and on the catalogs.  Whatever
 * changes there that a name in it could come from makes all texts stale.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodes.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "fanout/fanout.h"

#define MOST_TEXTS	64

typedef struct Text
{
	MemoryContext context;		/* of all that is here; NULL: free */
	bool		stale;
	Oid			parent;
	Oid			relid;			/* of the foreign table */
	int64		limit;
	bool		bounded;
	bool		descending;
	bool		nulls_first;
	int			nparams;
	int			key_column;
	int			ncolumns;
	AttrNumber *attnums;
	Expr	   *key;
	List	   *conditions;
	char	   *sql;
} Text;

static Text texts[MOST_TEXTS];
static int	next_place = 0;

static void
mark_stale(Datum arg, int cacheid, uint32 hash)
{
	for (int i = 0; i < MOST_TEXTS; i++)
		texts[i].stale = true;
}

static void
mark_relation_stale(Datum arg, Oid relid)
{
	for (int i = 0; i < MOST_TEXTS; i++)
		if (!OidIsValid(relid) || texts[i].relid == relid || texts[i].parent == relid)
			texts[i].stale = true;
}

static void
register_callbacks(void)
{
	static const int caches[] = {NAMESPACEOID, OPEROID, PROCOID, TYPEOID, COLLOID};
	static bool registered = false;

	if (registered)
		return;
	registered = true;
	for (int i = 0; i < (int) lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], mark_stale, (Datum) 0);
	CacheRegisterRelcacheCallback(mark_relation_stale, (Datum) 0);
}

static bool
has_columns(const Text *text, const MMFanoutState *s)
{
	if (text->ncolumns != s->ncolumns || text->key_column != s->key)
		return false;
	for (int i = 0; i < s->ncolumns; i++)
		if (text->attnums[i] != s->columns[i].attnum)
			return false;
	return true;
}

static bool
is_same(const Text *text, const MMFanoutState *s, Oid relid, int64 limit, bool bounded)
{
	const MMFanoutPlan *plan = s->plan;

	return text->context != NULL && !text->stale && text->relid == relid &&
		text->limit == limit && text->bounded == bounded && text->descending == plan->descending &&
		text->nulls_first == plan->nulls_first && text->nparams == s->nparams &&
		text->parent == RelationGetRelid(s->css.ss.ss_currentRelation) && has_columns(text, s) &&
		equal(text->key, plan->key) && equal(text->conditions, plan->conditions);
}

/*
 * Write a statement, and remember it in a place that is free by then.
 */
static char *
remember(Text *text, const MMFanoutState *s, const MMFanoutServer *server, int64 limit, bool bounded)
{
	const MMFanoutPlan *plan = s->plan;
	MemoryContext context;
	MemoryContext old;
	char	   *sql;

	text->parent = RelationGetRelid(s->css.ss.ss_currentRelation);
	text->relid = server->relid;
	/* Messages that come while the text is written count. */
	text->stale = false;
	sql = mm_fanout_sql(s, server, limit, bounded);
	context = AllocSetContextCreate(CurrentMemoryContext, "mmdb statement", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	text->sql = pstrdup(sql);
	text->limit = limit;
	text->bounded = bounded;
	text->descending = plan->descending;
	text->nulls_first = plan->nulls_first;
	text->nparams = s->nparams;
	text->key_column = s->key;
	text->ncolumns = s->ncolumns;
	text->attnums = palloc(sizeof(AttrNumber) * Max(s->ncolumns, 1));
	for (int i = 0; i < s->ncolumns; i++)
		text->attnums[i] = s->columns[i].attnum;
	text->key = copyObject(plan->key);
	text->conditions = copyObject(plan->conditions);
	MemoryContextSwitchTo(old);
	/* If anything has failed, nothing is left of it. */
	MemoryContextSetParent(context, CacheMemoryContext);
	text->context = context;
	return sql;
}

char *
mm_fanout_text(const MMFanoutState *s, const MMFanoutServer *server, int64 limit, bool bounded)
{
	Text	   *text;

	register_callbacks();
	for (int i = 0; i < MOST_TEXTS; i++)
		if (is_same(&texts[i], s, server->relid, limit, bounded))
			return pstrdup(texts[i].sql);
	text = &texts[next_place];
	next_place = (next_place + 1) % MOST_TEXTS;
	if (text->context != NULL)
		MemoryContextDelete(text->context);
	text->context = NULL;
	return remember(text, s, server, limit, bounded);
}
