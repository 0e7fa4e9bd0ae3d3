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
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "query/query.h"
#include "stats/track.h"

/* If there are more plans, the least recently used are forgotten. */
#define MAX_PLANS	64

typedef struct CachedPlanEntry
{
	uint32		hash;			/* of the text */
	char	   *sql;
	int			nparams;
	Oid		   *types;
	SPIPlanPtr	plan;
	uint64		used;			/* when, by the clock below */
} CachedPlanEntry;

static CachedPlanEntry plans[MAX_PLANS];
static int	nplans = 0;
static uint64 now = 0;
static int	running = 0;		/* calls that a policy's function may nest */

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

/*
 * The plan of a query, which is prepared for any values of its parameters.
 */
static SPIPlanPtr
find_plan(const char *sql, int nparams, Oid *types)
{
	uint32		hash = hash_bytes((const unsigned char *) sql, (int) strlen(sql));
	CachedPlanEntry *entry;
	SPIPlanPtr	plan;

	for (int i = 0; i < nplans; i++)
		if (plans[i].hash == hash && strcmp(plans[i].sql, sql) == 0 &&
			plans[i].nparams == nparams &&
			memcmp(plans[i].types, types, sizeof(Oid) * nparams) == 0)
		{
			plans[i].used = ++now;
			return plans[i].plan;
		}

	/*
	 * The values of weights matter little for how to search, so a generic plan
	 * is good.
	 */
	plan = SPI_prepare_cursor(sql, nparams, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	/* A plan that is running must not be forgotten. */
	if (nplans == MAX_PLANS)
	{
		if (running > 0)
			return plan;
		forget_oldest();
	}

	entry = &plans[nplans];
	entry->hash = hash;
	entry->sql = MemoryContextStrdup(TopMemoryContext, sql);
	entry->nparams = nparams;
	entry->types = memcpy(MemoryContextAlloc(TopMemoryContext, sizeof(Oid) * nparams), types,
						  sizeof(Oid) * nparams);
	entry->used = ++now;
	entry->plan = plan;
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan: %s", SPI_result_code_string(SPI_result));
	nplans++;
	return plan;
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
