/*-------------------------------------------------------------------------
 *
 * scales.c
 *	  The scales of an index: what normalized distances are divided by.
 *
 * The scale in force for a column is the one pinned by the storage parameter
 * "scales", or else the measured one (statistics.c).  If there is neither,
 * normalizing is an error: any other number would make distances up.
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
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/pg_list.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

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

/* ---------- the scales in force ---------- */

void
mm_scales_get(Relation index, const MMColumns *columns, const MMMeta *statistics,
			  MMScales *scales)
{
	const char *value = mm_options_scales(index);

	mm_scales_check_parameter(index, columns, ERROR);
	memset(scales, 0, sizeof(MMScales));
	if (value != NULL)
		(void) mm_options_parse_scales(value, scales->in_force);
	for (int i = 0; i < columns->n; i++)
	{
		scales->pinned[i] = scales->in_force[i] > 0;
		if (!scales->pinned[i] && statistics->columns[i].pairs > 0)
			scales->in_force[i] = statistics->columns[i].scale;
	}
}

/*
 * Estimate how many entries an index has, which may be partitioned.
 */
static double
estimate_all_entries(Relation index)
{
	double		entries = 0.0;
	ListCell   *lc;

	if (index->rd_rel->relkind != RELKIND_PARTITIONED_INDEX)
		return mm_meta_entries(index, mm_meta_read(index, 0));
	foreach(lc, find_all_inheritors(RelationGetRelid(index), AccessShareLock, NULL))
	{
		Relation	partition;

		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_INDEX)
			continue;
		partition = index_open(lfirst_oid(lc), NoLock);
		entries += mm_meta_entries(partition, mm_meta_read(partition, 0));
		index_close(partition, NoLock);
	}
	return entries;
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
	entries = estimate_all_entries(index);
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
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of index \"%s\" has no scale",
							columns->columns[i].name, RelationGetRelationName(index)),
					 errdetail("When the index was built, or got its first %d rows, there were no two values of it to measure a distance between.",
							   MM_TRAINING_ROWS),
					 errhint("REINDEX the index when the table has rows, or pin its scales by mm_pin_scales().  Searches need none with normalized => false and missing => 'ignore' or 'exclude'.")));
		measured |= !scales->pinned[i];
	}
	if (measured)
		warn_if_outgrown(index, statistics);
}
