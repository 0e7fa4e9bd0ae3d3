/*-------------------------------------------------------------------------
 *
 * rebalance.c
 *	  How large regions are, and the steps that make servers even.
 *
 * A plan is made of estimates (pg_class.reltuples, by the present size of the
 * table).  While the fullest server has more than its share, the step is taken
 * that comes nearest to even: a region moves from it to the emptiest one.  If
 * no move helps because regions are too large, the largest one there is split.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "compat.h"
#include "shard/operations.h"

PG_FUNCTION_INFO_V1(mm_shard_region_sizes);
PG_FUNCTION_INFO_V1(mm_shard_rebalance_plan);

extern PGDLLEXPORT Datum mm_shard_region_sizes(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum mm_shard_rebalance_plan(PG_FUNCTION_ARGS);

/* By how much a server may have more than its share, if the user does not say. */
#define DEFAULT_TOLERANCE	0.1

#define MOST_STEPS			1000

/* Smaller regions are not split. */
#define LEAST_SPLIT_ROWS	1000

typedef struct RegionSize
{
	int			region;
	int			part;
	double		rows;
	int64		bytes;
} RegionSize;

/*
 * The sizes of all regions, as their servers estimate them.
 */
static RegionSize *
read_sizes(MMDistributed *table, int *n)
{
	RegionSize *sizes = NULL;

	*n = 0;
	for (int i = 0; i < table->nparts; i++)
	{
		MMPart	   *part = &table->parts[i];
		MMRows	   *rows;

		part->conn = mm_connect(part->serverid, GetUserId());
		rows = mm_exec(part->conn,
					   psprintf("SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM '[0-9]+'), "
								"round(CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples / c.relpages ELSE 40 END::numeric "
								"* pg_relation_size(c.oid) / current_setting('block_size')::int), pg_total_relation_size(c.oid) "
								"FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass "
								"AND pg_get_expr(c.relpartbound, c.oid) ~ '[0-9]'",
								quote_literal_cstr(part->remote_name)));
		sizes = sizes == NULL ? palloc(sizeof(RegionSize) * Max(rows->nrows, 1)) :
			repalloc(sizes, sizeof(RegionSize) * (*n + Max(rows->nrows, 1)));
		for (int j = 0; j < rows->nrows; j++)
			sizes[(*n)++] = (RegionSize) {
				.region = pg_strtoint32(MM_ROW_VALUE(rows, j, 0)),
				.part = i,
				.rows = strtod(MM_ROW_VALUE(rows, j, 1), NULL),
				.bytes = pg_strtoint64(MM_ROW_VALUE(rows, j, 2))
			};
	}
	return sizes;
}

/*
 * region_sizes(table)
 */
Datum
mm_shard_region_sizes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MMDistributed *table;
	RegionSize *sizes;
	int			n;

	mm_require_operator(fcinfo, -1, "mmdb.region_sizes()");
	InitMaterializedSRF(fcinfo, 0);
	table = mm_distributed_read(PG_GETARG_OID(0));
	sizes = read_sizes(table, &n);
	for (int i = 0; i < n; i++)
	{
		Datum		values[4];
		bool		isnull[4] = {false};

		values[0] = Int32GetDatum(sizes[i].region);
		values[1] = CStringGetTextDatum(table->parts[sizes[i].part].server);
		values[2] = Int64GetDatum((int64) sizes[i].rows);
		values[3] = Int64GetDatum(sizes[i].bytes);
		tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
	}
	return (Datum) 0;
}

/*
 * The servers that are to share the table: its own, and others that are named.
 */
static void
add_servers(MMDistributed *table, FunctionCallInfo fcinfo)
{
	MMRows	   *names;

	if (PG_ARGISNULL(1))
		return;
	names = mm_local("SELECT unnest(%s::name[])",
					 quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT, PG_GETARG_DATUM(1))));
	table->parts = repalloc(table->parts, sizeof(MMPart) * (table->nparts + names->nrows + 1));
	for (int i = 0; i < names->nrows; i++)
	{
		bool		known = false;

		for (int j = 0; j < table->nparts; j++)
			known |= strcmp(table->parts[j].server, MM_ROW_VALUE(names, i, 0)) == 0;
		if (known)
			continue;
		table->parts[table->nparts++] = (MMPart) {
			.server = MM_ROW_VALUE(names, i, 0),
			.serverid = mm_server_by_name(MM_ROW_VALUE(names, i, 0))
		};
	}
}

/*
 * A step that makes servers more even.
 */
typedef struct Step
{
	int			size;			/* of which region, by its place among the sizes */
	int			from;
	int			to;				/* -1: it is split */
} Step;

/*
 * Find the next step.  Returns false if there is none: no server has more than
 * (1 + tolerance) times the mean, or nothing helps.
 */
static bool
next_step(const RegionSize *sizes, int n, int nparts, double tolerance, Step *step)
{
	double	   *loads = palloc0(sizeof(double) * nparts);
	double		total = 0.0;
	double		best_load;
	int			fullest = 0;
	int			emptiest = 0;
	int			largest = -1;
	int			best = -1;

	for (int i = 0; i < n; i++)
	{
		loads[sizes[i].part] += sizes[i].rows;
		total += sizes[i].rows;
	}
	for (int i = 1; i < nparts; i++)
	{
		fullest = loads[i] > loads[fullest] ? i : fullest;
		emptiest = loads[i] < loads[emptiest] ? i : emptiest;
	}
	if (loads[fullest] <= (1.0 + tolerance) * total / nparts)
		return false;
	best_load = loads[fullest];
	for (int i = 0; i < n; i++)
	{
		double		load = Max(loads[fullest] - sizes[i].rows, loads[emptiest] + sizes[i].rows);

		if (sizes[i].part != fullest)
			continue;
		if (largest < 0 || sizes[i].rows > sizes[largest].rows)
			largest = i;
		if (load < best_load)
		{
			best = i;
			best_load = load;
		}
	}
	/* A move that leaves the server nearly as full as it was is not worth it. */
	if (best >= 0 && loads[fullest] - best_load < 0.2 * (loads[fullest] - total / nparts))
		best = -1;
	pfree(loads);
	if (best < 0 && (largest < 0 || sizes[largest].rows < LEAST_SPLIT_ROWS))
		return false;
	*step = (Step) {
		.size = best >= 0 ? best : largest,
		.from = fullest,
		.to = best >= 0 ? emptiest : -1
	};
	return true;
}

/*
 * rebalance_plan(table, servers, tolerance): the steps, each as if those before
 * it had been taken.  The halves of a region that is split have its number.
 */
Datum
mm_shard_rebalance_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MMDistributed *table;
	RegionSize *sizes;
	double		tolerance;
	int			n;
	Step		step;

	mm_require_operator(fcinfo, -1, "mmdb.rebalance_plan()");
	InitMaterializedSRF(fcinfo, 0);
	tolerance = PG_ARGISNULL(2) ? DEFAULT_TOLERANCE : PG_GETARG_FLOAT8(2);
	if (!(tolerance > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("tolerance must be greater than 0")));
	table = mm_distributed_read(PG_GETARG_OID(0));
	sizes = read_sizes(table, &n);
	add_servers(table, fcinfo);
	sizes = repalloc(sizes, sizeof(RegionSize) * (n + MOST_STEPS));
	for (int i = 1; i <= MOST_STEPS && next_step(sizes, n, table->nparts, tolerance, &step); i++)
	{
		RegionSize *size = &sizes[step.size];
		Datum		values[6];
		bool		isnull[6] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(i);
		values[1] = CStringGetTextDatum(step.to >= 0 ? "move" : "split");
		values[2] = Int32GetDatum(size->region);
		values[3] = CStringGetTextDatum(table->parts[step.from].server);
		values[4] = step.to >= 0 ? CStringGetTextDatum(table->parts[step.to].server) : (Datum) 0;
		isnull[4] = step.to < 0;
		values[5] = Int64GetDatum((int64) size->rows);
		tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
		if (step.to >= 0)
			size->part = step.to;
		else
		{
			size->rows /= 2;
			sizes[n++] = *size;
		}
	}
	return (Datum) 0;
}
