/*-------------------------------------------------------------------------
 *
 * local.c
 *	  SQL that operations run here, and what all of them require.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "index/owner.h"
#include "shard/operations.h"

static MMRows *
run(const char *sql)
{
	MemoryContext context = CurrentMemoryContext;
	MMRows	   *rows = palloc0(sizeof(MMRows));

	SPI_connect();
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", sql);
	if (SPI_tuptable != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		rows->nrows = (int) SPI_processed;
		rows->ncolumns = SPI_tuptable->tupdesc->natts;
		rows->values = palloc0(sizeof(char *) * Max(rows->nrows * rows->ncolumns, 1));
		for (int i = 0; i < rows->nrows; i++)
			for (int j = 0; j < rows->ncolumns; j++)
				MM_ROW_VALUE(rows, i, j) = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, j + 1);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return rows;
}

/*
 * The same for a command that is written as by vprintf.
 */
static MMRows * run_formatted(const char *format, va_list args) pg_attribute_printf(1, 0);

static MMRows *
run_formatted(const char *format, va_list args)
{
	StringInfoData sql;
	MMRows	   *rows;

	initStringInfo(&sql);
	for (;;)
	{
		va_list		copy;
		int			needed;

		va_copy(copy, args);
		needed = appendStringInfoVA(&sql, format, copy);
		va_end(copy);
		if (needed == 0)
			break;
		enlargeStringInfo(&sql, needed);
	}
	rows = run(sql.data);
	pfree(sql.data);
	return rows;
}

/*
 * Run a command here, with the user's rights.  Returns its rows as text, in the
 * current context.
 */
MMRows *
mm_local(const char *format,...)
{
	va_list		args;
	MMRows	   *rows;

	va_start(args, format);
	rows = run_formatted(format, args);
	va_end(args);
	return rows;
}

/*
 * The same for a query of one value: NULL if that is NULL, or if there is no row.
 */
char *
mm_local_value(const char *format,...)
{
	va_list		args;
	MMRows	   *rows;

	va_start(args, format);
	rows = run_formatted(format, args);
	va_end(args);
	return rows->nrows == 0 ? NULL : MM_ROW_VALUE(rows, 0, 0);
}

/*
 * Raise an error unless an operation can begin: its first arguments are not
 * NULL, this is no standby, and the user owns the table, which is the first
 * argument.  An operation must be a transaction of its own, as it holds locks
 * at several servers until that ends; narguments is negative if it need not be.
 */
void
mm_require_operator(FunctionCallInfo fcinfo, int narguments, const char *operation)
{
	Oid			relid;

	for (int i = 0; i < abs(narguments); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of %s is NULL", i + 1, operation)));
	relid = PG_GETARG_OID(0);
	mm_require_owner(relid);
	if (narguments > 0)
	{
		PreventCommandIfReadOnly(operation);
		PreventInTransactionBlock(true, operation);
		mm_begin_together(operation);
		/* Every step must see what others have committed by then. */
		if (IsolationUsesXactSnapshot())
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("%s needs isolation level READ COMMITTED", operation)));
	}
	PreventCommandDuringRecovery(operation);
}

/*
 * The name of the table of a region, at its server.
 */
char *
mm_name_of_region(const char *table, int region)
{
	return makeObjectName(table, NULL, psprintf("r%d", region));
}

char *
mm_qualified(const char *schema, const char *name)
{
	return quote_qualified_identifier(schema, name);
}
