/*-------------------------------------------------------------------------
 *
 * calibrate.c
 *	  mm_calibrate: what pages, entries, rows and distances cost on this server.
 *
 * The cost model (search/cost_model.c) has ratios that were measured on one
 * machine.  Those that depend on the machine, and on what values there are, are
 * settings.  They are measured here on an index and its table, with rows of it as
 * queries (measure_costs.c), and compared with what a sequential scan of the table
 * takes, which is what the planner's own costs are about.
 *
 * The two settings that say which part of the pages is not in memory are not measured.
 * Where everything is in memory, pages cost next to nothing; but the planner takes those of
 * all other indexes to cost random_page_cost, so that saying so of mmdb's alone makes
 * it prefer mmdb where a B-tree is many times as fast.
 *
 * At last, searches tell whether what was measured explains what they take.  Nothing is
 * changed: the result has statements to run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/spccache.h"

#include "am/calibrate.h"
#include "compat.h"
#include "index/open.h"
#include "index/rights.h"
#include "search/cost_model.h"
#include "stats/query_class.h"

PG_FUNCTION_INFO_V1(mm_calibrate);

/*
 * Put a row: what was measured, and the setting that follows from it, or NULL.
 */
static void
put(FunctionCallInfo fcinfo, const char *what, double nanoseconds, const char *setting,
	double present, double suggested)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[6];
	bool		nulls[6] = {false};
	const char *number = suggested >= 100 ? psprintf("%.0f", suggested) : psprintf("%.2g", suggested);

	values[0] = CStringGetTextDatum(what);
	values[1] = Float8GetDatum(nanoseconds);
	nulls[1] = isnan(nanoseconds);
	for (int i = 2; i < 6; i++)
		nulls[i] = setting == NULL;
	if (setting != NULL)
	{
		values[2] = CStringGetTextDatum(setting);
		values[3] = Float8GetDatum(present);
		values[4] = DirectFunctionCall1(float8in, CStringGetDatum(number));
		values[5] = CStringGetTextDatum(psprintf("ALTER SYSTEM SET %s = %s", setting, number));
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * What the searches that were tried take, as the settings see it, and as what was
 * measured does.
 */
static void
put_trial(FunctionCallInfo fcinfo, const MMCalibration *c)
{
	const MMTimes *t = &c->times;
	double		random_page_cost_here;

	get_tablespace_page_costs(c->index->rd_rel->reltablespace, &random_page_cost_here, NULL);
	put(fcinfo, psprintf("a search of the index for the nearest %d", MM_TRIED_ROWS), t->search, NULL, 0, 0);
	put(fcinfo, "the same, by the present settings",
		t->cost_unit * (t->search_pages * random_page_cost_here / mm_cost_model.index_pages_per_miss +
						t->search_entries * cpu_operator_cost * mm_cost_model.bounding), NULL, 0, 0);
	put(fcinfo, "the same, by what was measured", t->search_pages * t->page + t->search_entries * t->entry,
		NULL, 0, 0);
}

static void
put_results(FunctionCallInfo fcinfo, const MMCalibration *c)
{
	const MMTimes *t = &c->times;
	double		distances = 0.0;
	double		sized = 0.0;	/* of types whose price depends on the size */
	double		expected = 0.0;

	for (int i = 0; i < c->columns->n; i++)
	{
		if (t->distances[i] < 0)
			continue;
		distances += t->distances[i];
		if (!mm_class_is_number(c->columns->columns[i].type) && c->columns->columns[i].space.routine != NULL)
		{
			sized += t->distances[i];
			expected += t->expected[i];
		}
	}
	put(fcinfo, "a row of a sequential scan", t->cost_unit * cpu_tuple_cost, NULL, 0, 0);
	put(fcinfo, "an entry of the index, bounded by all columns", t->entry, "mmdb.entry_cost",
		mm_cost_model.bounding, Max(t->entry / (t->cost_unit * cpu_operator_cost), 0.001));
	put(fcinfo, "a page of the index, in memory", t->page, "mmdb.entries_per_page",
		mm_cost_model.entries_per_page, Max(rint(t->page / t->entry), 1));
	put(fcinfo, "a row of the table by its place, with all distances", t->row + distances, "mmdb.entries_per_row",
		mm_cost_model.entries_per_row, Max(rint((t->row + distances) / t->entry), 1));
	for (int i = 0; i < c->columns->n; i++)
		if (t->distances[i] >= 0)
			put(fcinfo, psprintf("a distance in column \"%s\"", c->columns->columns[i].name),
				t->distances[i], NULL, 0, 0);
	if (expected > 0)
		put(fcinfo, "distances of vectors, texts, arrays and bits, together", sized, "mmdb.distance_cost",
			mm_distance_cost_factor, Max(sized / expected * mm_distance_cost_factor, 0.001));
	put_trial(fcinfo, c);
}

/*
 * The largest index of this database whose statistics the user may know; its OID, or
 * InvalidOid.
 */
static Oid
largest_index(void)
{
	Oid			result = InvalidOid;

	SPI_connect();
	if (SPI_execute("SELECT i.indexrelid FROM pg_catalog.pg_index i"
					" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid"
					" JOIN pg_catalog.pg_am a ON a.oid OPERATOR(pg_catalog.=) c.relam"
					" WHERE a.amname OPERATOR(pg_catalog.=) 'mmdb' AND c.relkind OPERATOR(pg_catalog.=) 'i'"
					" AND i.indisvalid AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace)"
					" AND pg_catalog.has_table_privilege(i.indrelid, 'SELECT')"
					" AND NOT pg_catalog.row_security_active(i.indrelid)"
					" ORDER BY pg_catalog.pg_relation_size(i.indexrelid) DESC, i.indexrelid LIMIT 1",
					true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for an index");
	if (SPI_processed > 0)
	{
		bool		isnull;

		result = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_finish();
	if (!OidIsValid(result))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no mmdb index to measure"),
				 errhint("Costs are measured on an index of a table that you may read, as large as those you have.")));
	return result;
}

/*
 * mm_calibrate(index_name)
 */
Datum
mm_calibrate(PG_FUNCTION_ARGS)
{
	MMCalibration *c = palloc0(sizeof(MMCalibration));

	InitMaterializedSRF(fcinfo, 0);
	c->index = mm_index_open(PG_ARGISNULL(0) ? largest_index() : PG_GETARG_OID(0), false);
	mm_index_require_valid(c->index);
	if (c->index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a partitioned index", RelationGetRelationName(c->index)),
				 errhint("Name the index of one of the partitions.")));
	c->heap = table_open(c->index->rd_index->indrelid, AccessShareLock);
	c->columns = mm_columns_open(c->index);
	for (int i = 0; i < c->columns->n; i++)
		mm_statistics_require(c->columns, i, "Measuring reads the table's rows.");
	c->meta = mm_meta_read(c->index, c->columns->n);

	mm_calibration_measure(c);
	put_results(fcinfo, c);
	table_close(c->heap, AccessShareLock);
	index_close(c->index, AccessShareLock);
	return (Datum) 0;
}
