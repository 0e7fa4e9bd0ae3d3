/*-------------------------------------------------------------------------
 *
 * pin.c
 *	  mm_pin_scales: set the storage parameter "scales" of an index.
 *
 * For a plain index this is ALTER INDEX ...  SET (scales = ...).  For the index
 * of a partitioned table, the parameters of the partitions' indexes are set
 * with it: one that is detached then keeps the scales.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/elsewhere.h"
#include "index/open.h"
#include "index/scales.h"
#include "model/statistics.h"
#include "query/query.h"

PG_FUNCTION_INFO_V1(mm_pin_scales);
PG_FUNCTION_INFO_V1(mm_pin_measured_scales);

static void
require_owner(Oid index)
{
	if (!mm_owns_relation(index))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, get_rel_name(index));
}

/*
 * Citus passes ALTER INDEX on to other servers, but not what is changed in
 * pg_class.  Then normalized distances would depend on the server that is
 * asked.
 */
static void
require_reachable(Oid index)
{
	if (get_rel_relkind(index) == RELKIND_PARTITIONED_INDEX &&
		mm_is_distributed(IndexGetRelation(index, false)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot pin scales of the partitioned index \"%s\" of a distributed table",
						get_rel_name(index)),
				 errdetail("PostgreSQL has no ALTER INDEX for it that Citus could pass on to other servers."),
				 errhint("Give the storage parameter \"scales\" in CREATE INDEX, which goes to all of them.")));
}

/*
 * The value of the parameter for these scales, or NULL if all of them are
 * NULL.
 */
static const char *
parameter_value(ArrayType *array, const MMColumns *columns)
{
	Datum	   *elements;
	bool	   *nulls;
	double	   *scales;
	int			n;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &n);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("scales must be a one-dimensional array")));
	if (n != columns->n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("wrong number of scales: %d instead of %d", n, columns->n),
				 errdetail("There must be one for each of the columns: %s.",
						   mm_columns_list(columns)),
				 errhint("NULL stands for the measured scale.")));
	scales = palloc(sizeof(double) * n);
	for (int i = 0; i < n; i++)
		scales[i] = nulls[i] ? 0.0 : DatumGetFloat8(elements[i]);
	return mm_scales_parameter(scales, nulls, n);
}

/*
 * Set the parameter of an index that has storage.
 */
static void
alter_index(Oid oid, const char *value)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "ALTER INDEX %s ",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(oid)),
												get_rel_name(oid)));
	if (value != NULL)
		appendStringInfo(&sql, "SET (scales = %s)", quote_literal_cstr(value));
	else
		appendStringInfoString(&sql, "RESET (scales)");
	SPI_connect();
	if (SPI_execute(sql.data, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not execute \"%s\"", sql.data);
	SPI_finish();
}

/*
 * Set the parameter of an index, and of its partitions' indexes.
 */
static void
set_parameter(Oid index, const char *value)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(index, ShareUpdateExclusiveLock, NULL))
	{
		Oid			part = lfirst_oid(lc);

		require_owner(part);
		if (get_rel_relkind(part) == RELKIND_PARTITIONED_INDEX)
			mm_scales_set_partitioned(part, value);
		else
			alter_index(part, value);
	}
}

/*
 * mm_pin_scales(index_name, scales)
 */
Datum
mm_pin_scales(PG_FUNCTION_ARGS)
{
	Oid			oid;
	Relation	index;
	const char *value = NULL;

	mm_require_argument(fcinfo, 0, "index_name");
	PreventCommandIfReadOnly("mm_pin_scales()");
	PreventCommandDuringRecovery("mm_pin_scales()");

	oid = PG_GETARG_OID(0);
	index = mm_index_open(oid, false);
	require_owner(oid);
	require_reachable(oid);
	if (!PG_ARGISNULL(1))
		value = parameter_value(PG_GETARG_ARRAYTYPE_P(1), mm_columns_open(index));
	relation_close(index, NoLock);
	set_parameter(oid, value);
	PG_RETURN_VOID();
}

/*
 * mm_pin_scales(index_name)
 */
Datum
mm_pin_measured_scales(PG_FUNCTION_ARGS)
{
	Oid			oid = PG_GETARG_OID(0);
	MMColumns  *columns;
	MMMeta	   *meta;
	double		scales[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	const char *value;

	PreventCommandIfReadOnly("mm_pin_scales()");
	PreventCommandDuringRecovery("mm_pin_scales()");
	relation_close(mm_index_open(oid, false), NoLock);
	require_owner(oid);
	require_reachable(oid);
	meta = mm_scales_measure(oid, &columns);
	mm_statistics_scales(meta, columns->n, scales, isnull);
	value = mm_scales_parameter(scales, isnull, columns->n);
	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there are no scales to pin for index \"%s\"", get_rel_name(oid)),
				 errdetail("No column has two values in the rows of the table, its partitions and its children."),
				 errhint("Pin scales when there are rows, or give them: mm_pin_scales(index_name, scales).")));
	set_parameter(oid, value);
	PG_RETURN_VOID();
}
