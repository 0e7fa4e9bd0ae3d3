/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Reading the rows of a query that a user gives: examples, or a workload.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "learn/learner.h"

/* How many rows are read at a time. */
#define BATCH	100

/* The row that is being read. */
typedef struct Place
{
	const MMRowsQuery *query;
	int			number;
} Place;

static void
row_error_context(void *arg)
{
	const Place *place = arg;

	errcontext("%s %d", place->query->one, place->number);
}

int
mm_rows_read(MMLearner *learner, const MMRowsQuery *query)
{
	Oid			type = query->parameter_type;
	Datum		parameter = query->parameter;
	Place		place = {.query = query};
	ErrorContextCallback callback = {
		.callback = row_error_context,
		.arg = &place,
	};
	SPIPlanPtr	plan;
	Portal		portal;
	MemoryContext row_context;

	SPI_connect();
	plan = SPI_prepare(query->sql, OidIsValid(type) ? 1 : 0, &type);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", query->sql, SPI_result_code_string(SPI_result));
	if (!SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a query that returns rows", query->all),
				 errhint("Use SELECT ..., TABLE ... or VALUES ...")));
	portal = SPI_cursor_open(NULL, plan, &parameter, NULL, true);

	row_context = AllocSetContextCreate(CurrentMemoryContext, "mmdb row", ALLOCSET_DEFAULT_SIZES);
	callback.previous = error_context_stack;
	for (;;)
	{
		SPITupleTable *table;
		uint64		n;

		SPI_cursor_fetch(portal, true, BATCH);
		n = SPI_processed;
		table = SPI_tuptable;
		query->begin(table->tupdesc, query->arg);
		if (n == 0)
			break;
		error_context_stack = &callback;
		for (uint64 i = 0; i < n; i++)
		{
			MemoryContext old = MemoryContextSwitchTo(row_context);

			place.number++;
			query->receive(table->vals[i], table->tupdesc, query->arg);
			MemoryContextSwitchTo(old);
			MemoryContextReset(row_context);
		}
		error_context_stack = callback.previous;
		SPI_freetuptable(table);
		if (MemoryContextMemAllocated(learner->context, true) > maintenance_work_mem * (Size) 1024)
			ereport(ERROR,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("the %s do not fit in maintenance_work_mem", query->all),
					 errdetail("The first %d take more than that.", place.number),
					 errhint("Increase maintenance_work_mem, or give fewer %s.", query->all)));
	}
	SPI_cursor_close(portal);
	SPI_finish();
	return place.number;
}
