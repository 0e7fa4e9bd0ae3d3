/*-------------------------------------------------------------------------
 *
 * info.c
 *	  SQL functions that show what an index knows about its columns.
 *
 * As with pg_stats, users see statistics of tables they may read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "am/am.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(mm_index_column_statistics);
PG_FUNCTION_INFO_V1(mm_scale);

Relation
mm_index_open(Oid oid, bool missing_ok)
{
	Relation	rel = try_relation_open(oid, AccessShareLock);

	if (rel == NULL && missing_ok)
		return NULL;
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("index with OID %u does not exist", oid)));
	if ((rel->rd_rel->relkind != RELKIND_INDEX &&
		 rel->rd_rel->relkind != RELKIND_PARTITIONED_INDEX) ||
		rel->rd_rel->relam != get_index_am_oid(MM_AM_NAME, false))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an mmdb index",
						RelationGetRelationName(rel))));
	return rel;
}

/*
 * May the user read the table of an index, or some column of it?
 */
static bool
may_read(Relation index)
{
	Oid			table = index->rd_index->indrelid;

	return pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck_all(table, GetUserId(), ACL_SELECT,
								  ACLMASK_ANY) == ACLCHECK_OK;
}

void
mm_index_require_readable(Relation index)
{
	if (!may_read(index))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE,
					   get_rel_name(index->rd_index->indrelid));
}

/*
 * mmdb.index_column_statistics(regclass): a row for each column of an index,
 * none if the user may not read its table or the index is gone.
 */
Datum
mm_index_column_statistics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	index;
	MMColumns  *columns;
	MMMeta	   *meta;
	MMScales	scales;
	bool		known;			/* are the scales in force? */

	InitMaterializedSRF(fcinfo, 0);
	index = mm_index_open(PG_GETARG_OID(0), true);
	if (index == NULL)
		return (Datum) 0;
	if (may_read(index))
	{
		columns = mm_columns_open(index);
		meta = mm_statistics_get(index, columns);
		/* A parameter that does not fit is an error of those who use it. */
		known = mm_scales_fit(index, columns->n);
		if (known)
			mm_scales_get(index, columns, meta, &scales);
		for (int i = 0; i < columns->n; i++)
		{
			MMColumn   *column = &columns->columns[i];
			MMColumnStatistics *stats = &meta->columns[i];
			Datum		values[14];
			bool		isnull[14] = {false};

			values[0] = Int32GetDatum(i + 1);
			values[1] = CStringGetTextDatum(column->name);
			values[2] = ObjectIdGetDatum(column->type);
			values[3] = CStringGetTextDatum(generate_opclass_name(column->opclass));
			values[4] = ObjectIdGetDatum(column->space.operator);
			values[5] = Int32GetDatum(stats->dimensions);
			isnull[5] = stats->dimensions < 0;
			values[6] = Int64GetDatum(stats->count);
			values[7] = Float8GetDatum(stats->mean);
			values[8] = Float8GetDatum(stats->variance);
			isnull[7] = isnull[8] = stats->pairs == 0;
			if (known && scales.in_force[i] > 0)
				values[9] = Float8GetDatum(scales.in_force[i]);
			else
				isnull[9] = true;
			values[10] = Float8GetDatum(stats->scale);
			isnull[10] = stats->pairs == 0;
			values[11] = BoolGetDatum(known && scales.pinned[i]);
			values[12] = BoolGetDatum(known && (scales.pinned[i] ||
												(stats->pairs > 0 && BlockNumberIsValid(meta->model))));
			isnull[11] = isnull[12] = !known;
			values[13] = Float8GetDatum(stats->mean * stats->mean / (2 * stats->variance));
			isnull[13] = !(stats->variance > 0);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
		}
	}
	relation_close(index, AccessShareLock);
	return (Datum) 0;
}

/*
 * mm_scale(index regclass, column_name text)
 */
Datum
mm_scale(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Relation	index = mm_index_open(PG_GETARG_OID(0), false);
	MMColumns  *columns;

	mm_index_require_readable(index);
	columns = mm_columns_open(index);
	for (int i = 0; i < columns->n; i++)
		if (strcmp(columns->columns[i].name, name) == 0)
		{
			MMMeta	   *statistics = mm_statistics_get(index, columns);
			MMScales	scales;

			mm_scales_get(index, columns, statistics, &scales);
			mm_scales_require(index, columns, statistics, &scales, UINT32_C(1) << i);
			relation_close(index, AccessShareLock);
			PG_RETURN_FLOAT8(scales.in_force[i]);
		}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("index \"%s\" has no column \"%s\"",
					RelationGetRelationName(index), name),
			 errhint("The view mmdb.index_columns lists the columns of all mmdb indexes.")));
}
