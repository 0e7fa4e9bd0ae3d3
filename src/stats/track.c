/*-------------------------------------------------------------------------
 *
 * track.c
 *	  Which searches are recorded: settings, and how deep statements are nested.
 *
 * Statements are nested as pg_stat_statements sees it: what runs within the
 * executor's run of another one, or within DO or CALL, is below it.  (Other
 * utility statements, like EXPLAIN, FETCH and CREATE TABLE AS, run a statement
 * that the client has sent.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "executor/executor.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/guc.h"

#include "compat.h"
#include "stats/area.h"
#include "stats/last.h"

int			mm_track_setting = MM_TRACK_TOP;
int			mm_track_samples = MM_SAMPLES_WEIGHTS;
int			mm_track_most = 1000;
bool		mm_track_save = true;
int			mm_track_level = 0;
int64		mm_track_count = 0;

static ExecutorRun_hook_type previous_run;
static ExecutorFinish_hook_type previous_finish;
static ProcessUtility_hook_type previous_utility;

/* How many statements are running, each within the one before. */
static int	nrunning = 0;

static void
run(MM_EXECUTOR_RUN_ARGS)
{
	if (nrunning++ == 0)
		mm_last_statement();
	mm_track_level++;
	PG_TRY();
	{
		if (previous_run != NULL)
			previous_run(MM_EXECUTOR_RUN_CALL);
		else
			standard_ExecutorRun(MM_EXECUTOR_RUN_CALL);
	}
	PG_FINALLY();
	{
		mm_track_level--;
		nrunning--;
	}
	PG_END_TRY();
}

static void
finish(QueryDesc *queryDesc)
{
	mm_track_level++;
	PG_TRY();
	{
		if (previous_finish != NULL)
			previous_finish(queryDesc);
		else
			standard_ExecutorFinish(queryDesc);
	}
	PG_FINALLY();
	{
		mm_track_level--;
	}
	PG_END_TRY();
}

static void
run_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
			ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *queryEnv,
			DestReceiver *dest, QueryCompletion *qc)
{
	bool		nests = IsA(pstmt->utilityStmt, DoStmt) || IsA(pstmt->utilityStmt, CallStmt);

	mm_track_level += nests;
	PG_TRY();
	{
		if (previous_utility != NULL)
			previous_utility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
		else
			standard_ProcessUtility(pstmt, queryString, readOnlyTree, context, params, queryEnv,
									dest, qc);
	}
	PG_FINALLY();
	{
		mm_track_level -= nests;
	}
	PG_END_TRY();
}

static void
define_settings(void)
{
	static const struct config_enum_entry tracks[] = {
		{"none", MM_TRACK_NONE, false},
		{"top", MM_TRACK_TOP, false},
		{"all", MM_TRACK_ALL, false},
		{NULL, 0, false}
	};
	static const struct config_enum_entry samples[] = {
		{"none", MM_SAMPLES_NONE, false},
		{"weights", MM_SAMPLES_WEIGHTS, false},
		{"objects", MM_SAMPLES_OBJECTS, false},
		{NULL, 0, false}
	};

	DefineCustomEnumVariable("mmdb.track",
							 "Which searches are recorded in mmdb.query_stats.",
							 "top is those of statements that clients send, all is those within functions, too.",
							 &mm_track_setting, MM_TRACK_TOP, tracks, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("mmdb.track_samples",
							 "What is kept of sampled searches.",
							 "weights is their weights; objects is their query objects, too, which are data.",
							 &mm_track_samples, MM_SAMPLES_WEIGHTS, samples, PGC_SUSET, 0, NULL, NULL, NULL);
	/* When the server runs already, nothing depends on it but a session's own memory. */
	DefineCustomIntVariable("mmdb.track_max",
							"How many classes of queries are kept in mmdb.query_stats.",
							"The least used are forgotten if there are more.",
							&mm_track_most, 1000, 100, INT_MAX / 65536,
							process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP,
							0, NULL, NULL, NULL);
	DefineCustomBoolVariable("mmdb.track_save",
							 "Keeps mmdb.query_stats when the server is stopped and started again.",
							 "This takes mmdb in shared_preload_libraries.",
							 &mm_track_save, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

void
mm_track_init(void)
{
	define_settings();
	previous_run = ExecutorRun_hook;
	ExecutorRun_hook = run;
	previous_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = finish;
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = run_utility;
}
