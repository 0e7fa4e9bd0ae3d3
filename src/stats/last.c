/*-------------------------------------------------------------------------
 *
 * last.c
 *	  mmdb.last_statement_work: what the statement before this one has read.
 *
 * A fan-out asks its servers for that after a search, if it is to be explained.
 *
 * What is shown is no more than EXPLAIN ANALYZE of the same statement would have
 * shown to the same user: not the work of statements within functions, which may run
 * with the rights of others; not that of a statement in which row-level security or
 * a security barrier comes first; and nothing to another user than the one who has
 * begun the statement, as the session may change its role, even before it ends.
 *
 * A scan counts when it ends, and that may be as late as when the next statement is
 * about to run.  So a statement's work is complete when the next one begins.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "stats/last.h"

PG_FUNCTION_INFO_V1(mm_last_statement_work);

typedef struct StatementWork
{
	Oid			user;			/* InvalidOid: there were no searches */
	bool		hidden;
	MMLastWork	work;
} StatementWork;

/* Of the statement that runs, and of the one before. */
static StatementWork present;
static StatementWork before;

void
mm_last_statement(void)
{
	before = present;
	memset(&present, 0, sizeof(present));
}

void
mm_last_add(const MMLastWork *work, Oid user, bool secured)
{
	if (!OidIsValid(present.user))
		present.user = user;
	present.hidden |= secured || present.user != user;
	present.work.inner_pages += work->inner_pages;
	present.work.leaf_pages += work->leaf_pages;
	present.work.postings_pages += work->postings_pages;
	present.work.verified += work->verified;
}

/*
 * mmdb.last_statement_work(): NULLs if it is not to be seen.
 */
Datum
mm_last_statement_work(PG_FUNCTION_ARGS)
{
	bool		hidden = before.hidden || (OidIsValid(before.user) && before.user != GetUserId());
	Datum		values[4];
	bool		isnull[4];
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(before.work.inner_pages);
	values[1] = Int64GetDatum(before.work.leaf_pages);
	values[2] = Int64GetDatum(before.work.postings_pages);
	values[3] = Int64GetDatum(before.work.verified);
	memset(isnull, hidden, sizeof(isnull));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, isnull)));
}
