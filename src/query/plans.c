/*-------------------------------------------------------------------------
 *
 * plans.c
 *	  Plans of queries that odbknn and odbrange run, kept for the session.
 *
 * There are as many query texts as there are combinations of a table, a number
 * of rows asked for and a set of columns with weight in use, so there are few.
 * PostgreSQL plans a kept query again when it must: when a table is altered,
 * or when search_path or the role changes.
 *
 * The values of weights matter little for how to search, so a generic plan is
 * good.  But a planner of another extension may need the values of parameters:
 * Citus cannot distribute a query without them.  Such a planner returns a plan
 * that cannot be executed, at a cost beyond all others, as PostgreSQL then
 * plans for each set of values.  So does this file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "nodes/plannodes.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#include "query/query.h"
#include "stats/track.h"

/* If there are more plans, the least recently used are forgotten. */
#define MAX_PLANS	64

/*
 * Plans of this cost are not meant to be executed.  Citus gives them 3e30; the
 * cost of a disabled path is 1e10.
 */
#define REFUSED_COST	1e25

typedef struct CachedPlanEntry
{
	uint32		hash;			/* of the text */
	char	   *sql;
	int			nparams;
	Oid		   *types;
	SPIPlanPtr	plan;
	bool		generic;		/* or planned for each set of values */
	int			generation;		/* of the generic plan that is known to be executable; or 0 */
	uint64		used;			/* when, by the clock below */
} CachedPlanEntry;

static CachedPlanEntry plans[MAX_PLANS];
static int	nplans = 0;
static uint64 uses = 0;
static int	running = 0;		/* calls that plan or run something, which may nest others */

static void
forget_oldest(void)
{
	CachedPlanEntry *oldest = &plans[0];

	for (int i = 1; i < nplans; i++)
		if (plans[i].used < oldest->used)
			oldest = &plans[i];
	SPI_freeplan(oldest->plan);
	pfree(oldest->sql);
	pfree(oldest->types);
	*oldest = plans[--nplans];
}

static SPIPlanPtr
prepare(const char *sql, int nparams, Oid *types, int options)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nparams, types, options);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	return plan;
}

static void
keep(SPIPlanPtr plan)
{
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan: %s", SPI_result_code_string(SPI_result));
}

/*
 * Is the generic plan of an entry the one that was last looked at?
 */
static bool
is_known(const CachedPlanEntry *entry)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(entry->plan));

	return source->is_valid && source->gplan != NULL && source->gplan->is_valid &&
		source->generation == entry->generation;
}

/*
 * The generic plan of an entry, which is made here if there is none.  To estimate what
 * a filter lets pass, the planner calls its stable functions, and these may search as
 * well; no entry is moved or forgotten meanwhile.
 */
static CachedPlan *
generic_plan(const CachedPlanEntry *entry)
{
	CachedPlan *generic;

	running++;
	PG_TRY();
	{
		generic = SPI_plan_get_cached_plan(entry->plan);
	}
	PG_FINALLY();
	{
		running--;
	}
	PG_END_TRY();
	return generic;
}

/*
 * Is the generic plan of an entry meant to be executed?
 */
static bool
is_executable(CachedPlanEntry *entry)
{
	CachedPlan *generic = generic_plan(entry);
	double		cost = linitial_node(PlannedStmt, generic->stmt_list)->planTree->total_cost;

	entry->generation = cost < REFUSED_COST ? generic->generation : 0;
	ReleaseCachedPlan(generic, CurrentResourceOwner);
	return entry->generation != 0;
}

/*
 * The entry of a query; NULL if it is not known.
 */
static CachedPlanEntry *
find_entry(const char *sql, uint32 hash, int nparams, Oid *types)
{
	for (int i = 0; i < nplans; i++)
		if (plans[i].hash == hash && strcmp(plans[i].sql, sql) == 0 &&
			plans[i].nparams == nparams &&
			memcmp(plans[i].types, types, sizeof(Oid) * nparams) == 0)
			return &plans[i];
	return NULL;
}

/*
 * The plan of a query, which is prepared for any values of its parameters.
 */
static SPIPlanPtr
find_plan(const char *sql, int nparams, Oid *types)
{
	uint32		hash = hash_bytes((const unsigned char *) sql, (int) strlen(sql));
	CachedPlanEntry *entry = find_entry(sql, hash, nparams, types);

	if (entry == NULL)
	{
		SPIPlanPtr	plan;

		/* A plan in use must not be forgotten. */
		if (nplans == MAX_PLANS && running > 0)
			return prepare(sql, nparams, types, 0);
		plan = prepare(sql, nparams, types, CURSOR_OPT_GENERIC_PLAN);
		if (nplans == MAX_PLANS)
			forget_oldest();

		entry = &plans[nplans];
		entry->hash = hash;
		entry->sql = MemoryContextStrdup(TopMemoryContext, sql);
		entry->nparams = nparams;
		entry->types = memcpy(MemoryContextAlloc(TopMemoryContext, sizeof(Oid) * nparams), types,
							  sizeof(Oid) * nparams);
		entry->plan = plan;
		entry->generic = true;
		entry->generation = 0;
		keep(plan);
		nplans++;
	}
	entry->used = ++uses;
	if (entry->generic && !is_known(entry) && !is_executable(entry))
	{
		SPIPlanPtr	plan = prepare(sql, nparams, types, 0);

		if (running > 0)
			return plan;
		keep(plan);
		SPI_freeplan(entry->plan);
		entry->plan = plan;
		entry->generic = false;
	}
	return entry->plan;
}

static void
run_plan(SPIPlanPtr plan, const SPIExecuteOptions *options)
{
	/* To the statistics of queries, the search is the caller's. */
	mm_track_level--;
	running++;
	PG_TRY();
	{
		SPI_execute_plan_extended(plan, options);
	}
	PG_FINALLY();
	{
		running--;
		mm_track_level++;
	}
	PG_END_TRY();
}

void
mm_plan_execute(const char *sql, int nparams, Oid *types, const SPIExecuteOptions *options)
{
	SPI_connect();
	run_plan(find_plan(sql, nparams, types), options);
	SPI_finish();
}
