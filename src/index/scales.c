/*-------------------------------------------------------------------------
 *
 * scales.c
 *	  The scales of an index: what normalized distances are divided by.
 *
 * The scale in force for a column is the one pinned by the storage parameter
 * "scales", or else the measured one (statistics.c).  If there is neither,
 * normalizing is an error: any other number would make distances up.
 *
 * What is pinned for the index of a partitioned table holds for all its partitions,
 * whatever their own indexes say, so that their distances can be compared.
 * What these have measured is no scale of the whole, which has none unless it is
 * pinned.  CREATE INDEX sees to that (am/whole_scales.c).
 *
 * The scales in force affect only what users see.  The tree and the model are
 * made with the measured ones.  So pinned scales can change at any time, with
 * effect from the next statement on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "index/elsewhere.h"
#include "index/options.h"
#include "index/scales.h"

/*
 * Scales that were measured on fewer than FEW_ROWS rows are worth a warning
 * when the index has FAR_MORE times as many rows.
 */
#define FEW_ROWS		1000
#define FAR_MORE		10

/* ---------- the storage parameter ---------- */

bool
mm_scales_fit(Relation index, int ncolumns)
{
	const char *value = mm_options_scales(index);
	double		scales[MM_MAX_COLUMNS];

	return value == NULL || mm_options_parse_scales(value, scales) == ncolumns;
}

void
mm_scales_check_parameter(Relation index, const MMColumns *columns, int elevel)
{
	if (!mm_scales_fit(index, columns->n))
		ereport(elevel,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("storage parameter \"scales\" of index \"%s\" does not fit its columns",
						RelationGetRelationName(index)),
				 errdetail("It is %s, but there must be one element for each of the columns: %s.",
						   mm_options_scales(index), mm_columns_list(columns)),
				 errhint("NULL stands for the measured scale.  mm_pin_scales() sets the parameter, ALTER INDEX ... RESET (scales) removes it.")));
}

char *
mm_scales_parameter(const double *scales, const bool *isnull, int n)
{
	StringInfoData value;
	bool		some = false;

	initStringInfo(&value);
	for (int i = 0; i < n; i++)
	{
		char		number[DOUBLE_SHORTEST_DECIMAL_LEN] = "NULL";

		if (!isnull[i])
			(void) double_to_shortest_decimal_buf(scales[i], number);
		appendStringInfo(&value, "%c%s", i > 0 ? ',' : '{', number);
		some |= !isnull[i];
	}
	appendStringInfoChar(&value, '}');
	mm_options_validate_scales(value.data);
	return some ? value.data : NULL;
}

/*
 * PostgreSQL has no ALTER INDEX ... SET for a partitioned index, which takes
 * parameters in CREATE INDEX only.  So the parameter is changed in the index's row of
 * pg_class, as that command does it.  Nobody else changes the row in the meantime:
 * the index is locked, and VACUUM, which changes such rows in place, never
 * processes a partitioned index.
 */
void
mm_scales_set_partitioned(Oid oid, const char *value)
{
	Relation	classes = table_open(RelationRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
	Node	   *argument = value != NULL ? (Node *) makeString(pstrdup(value)) : NULL;
	List	   *changes = list_make1(makeDefElem("scales", argument, -1));
	Datum		values[Natts_pg_class] = {0};
	bool		isnull[Natts_pg_class] = {0};
	bool		replace[Natts_pg_class] = {0};
	int			column = Anum_pg_class_reloptions - 1;
	Datum		options;
	HeapTuple	changed;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", oid);
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull[column]);
	options = transformRelOptions(isnull[column] ? (Datum) 0 : options, changes, NULL, NULL,
								  false, value == NULL);
	(void) index_reloptions(mmdb_options, options, true);
	values[column] = options;
	isnull[column] = options == (Datum) 0;
	replace[column] = true;
	changed = heap_modify_tuple(tuple, RelationGetDescr(classes), values, isnull, replace);
	CatalogTupleUpdate(classes, &changed->t_self, changed);
	InvokeObjectPostAlterHook(RelationRelationId, oid, 0);
	ReleaseSysCache(tuple);
	table_close(classes, RowExclusiveLock);
	CommandCounterIncrement();
}

/* ---------- the scales in force ---------- */

/*
 * Let those scales be in force that are pinned for an index.
 */
static void
take_pinned(Relation index, const MMColumns *columns, MMScales *scales)
{
	const char *value = mm_options_scales(index);
	double		pinned[MM_MAX_COLUMNS] = {0};

	mm_scales_check_parameter(index, columns, ERROR);
	if (value != NULL)
		(void) mm_options_parse_scales(value, pinned);
	for (int i = 0; i < columns->n; i++)
		if (pinned[i] > 0)
		{
			scales->in_force[i] = pinned[i];
			scales->pinned[i] = true;
		}
}

void
mm_scales_get(Relation index, const MMColumns *columns, const MMMeta *statistics,
			  MMScales *scales)
{
	memset(scales, 0, sizeof(MMScales));
	take_pinned(index, columns, scales);
	if (index->rd_rel->relispartition)
	{
		ListCell   *lc;

		foreach(lc, get_partition_ancestors(RelationGetRelid(index)))
		{
			Relation	ancestor = index_open(lfirst_oid(lc), AccessShareLock);

			/* A composite may have got attributes since this partition was indexed. */
			if (columns->composite == NULL || mm_scales_fit(ancestor, columns->n))
				take_pinned(ancestor, columns, scales);
			index_close(ancestor, AccessShareLock);
		}
	}
	if (index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		return;
	for (int i = 0; i < columns->n; i++)
		if (!scales->pinned[i] && statistics->columns[i].pairs > 0)
			scales->in_force[i] = statistics->columns[i].scale;
}

/*
 * Warn, once in a session, if the scales of an index were measured on far
 * fewer rows than it has.
 */
static void
warn_if_outgrown(Relation index, const MMMeta *statistics)
{
	static List *warned = NIL;
	int64		measured = 0;
	double		entries;
	MemoryContext old;

	for (int i = 0; i < statistics->ncolumns; i++)
		measured = Max(measured, statistics->columns[i].count);
	if (measured >= FEW_ROWS || list_member_oid(warned, RelationGetRelid(index)))
		return;
	entries = mm_meta_entries(index, mm_meta_read(index, 0), RelationGetNumberOfBlocks(index));
	if (entries < FAR_MORE * measured)
		return;
	ereport(WARNING,
			(errmsg("scales of index \"%s\" were measured on %lld rows, but now it has many more",
					RelationGetRelationName(index), (long long) measured),
			 errdetail("It has about %.0f.", entries),
			 errhint("REINDEX the index to measure them again, or pin scales by mm_pin_scales().  Normalized distances change with the scales.")));
	old = MemoryContextSwitchTo(TopMemoryContext);
	warned = lappend_oid(warned, RelationGetRelid(index));
	MemoryContextSwitchTo(old);
}

/*
 * The name of the index that a partition's index is part of in the end.
 */
static const char *
name_of_whole(Relation index)
{
	return index->rd_rel->relispartition ?
		get_rel_name(llast_oid(get_partition_ancestors(RelationGetRelid(index)))) :
		RelationGetRelationName(index);
}

/*
 * Raise the error that a column has no scale, which tells how to give it one.
 */
static void
no_scale_error(Relation index, const MMColumns *columns, int column)
{
	bool		distributed = mm_is_distributed(index->rd_index->indrelid);
	bool		partitioned = index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("column \"%s\" of index \"%s\" has no scale",
					columns->columns[column].name, RelationGetRelationName(index)),
			 distributed ?
			 errdetail("Its table is distributed.  All rows are in shards, so there is nothing to measure in the index of the table itself.") :
			 partitioned ?
			 errdetail("The scales of a partitioned table are those of all its rows together.  CREATE INDEX measures them if the table has more than %d rows then, but no composite key, no foreign partitions and no row-level security.",
					   MM_TRAINING_ROWS) :
			 errdetail("When the index was built, or got its first %d rows, there were no two values of it to measure a distance between.",
					   MM_TRAINING_ROWS),
			 distributed && partitioned ?
			 errhint("Measure scales over all shards by mm_measure_scales(), and give them to CREATE INDEX as the storage parameter \"scales\".  Searches need none with normalized => false and missing => 'ignore' or 'exclude'.") :
			 distributed || partitioned ?
			 errhint("SELECT mm_pin_scales('%s') measures and pins them.  Searches need none with normalized => false and missing => 'ignore' or 'exclude'.",
					 quote_identifier(name_of_whole(index))) :
			 errhint("REINDEX the index when the table has rows, or pin its scales by mm_pin_scales().  Searches need none with normalized => false and missing => 'ignore' or 'exclude'.")));
}

void
mm_scales_require(Relation index, const MMColumns *columns, const MMMeta *statistics,
				  const MMScales *scales, uint32 used)
{
	bool		measured = false;

	for (int i = 0; i < columns->n; i++)
	{
		if ((used & (UINT32_C(1) << i)) == 0)
			continue;
		if (scales->in_force[i] == 0)
			no_scale_error(index, columns, i);
		measured |= !scales->pinned[i];
	}
	if (measured)
		warn_if_outgrown(index, statistics);
}
