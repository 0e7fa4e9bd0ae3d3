/*-------------------------------------------------------------------------
 *
 * pin.c
 *	  mm_pin_scales: set the storage parameter "scales" of an index.
 *
 * For a plain index this is ALTER INDEX ...  SET (scales = ...).  PostgreSQL
 * has no such command for the index of a partitioned table, which takes
 * parameters in CREATE INDEX only.  So the parameter of such an index is
 * changed here in its row of pg_class, as ALTER INDEX does it, and the
 * parameters of the partitions' indexes with it.  Nobody else changes the row
 * in the meantime: the index is locked, and VACUUM, which changes such rows in
 * place, never processes a partitioned index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "index/open.h"
#include "index/options.h"
#include "query/query.h"

PG_FUNCTION_INFO_V1(mm_pin_scales);

static void
require_owner(Oid index)
{
	if (!mm_owns_relation(index))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, get_rel_name(index));
}

/*
 * The value of the parameter for these scales, or NULL if all of them are
 * NULL.
 */
static const char *
parameter_value(ArrayType *array, const MMColumns *columns)
{
	StringInfoData value;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	bool		some = false;

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
	initStringInfo(&value);
	for (int i = 0; i < n; i++)
	{
		appendStringInfo(&value, "%c%s", i > 0 ? ',' : '{',
						 nulls[i] ? "NULL" : mm_sql_number(DatumGetFloat8(elements[i])));
		some |= !nulls[i];
	}
	appendStringInfoChar(&value, '}');
	mm_options_validate_scales(value.data);
	return some ? value.data : NULL;
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
 * Set the parameter of a partitioned index.
 */
static void
alter_partitioned_index(Oid oid, const char *value)
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

/*
 * mm_pin_scales(index_name, scales)
 */
Datum
mm_pin_scales(PG_FUNCTION_ARGS)
{
	Oid			oid;
	Relation	index;
	const char *value = NULL;
	ListCell   *lc;

	mm_require_argument(fcinfo, 0, "index_name");
	PreventCommandIfReadOnly("mm_pin_scales()");
	PreventCommandDuringRecovery("mm_pin_scales()");

	oid = PG_GETARG_OID(0);
	index = mm_index_open(oid, false);
	require_owner(oid);
	if (!PG_ARGISNULL(1))
		value = parameter_value(PG_GETARG_ARRAYTYPE_P(1), mm_columns_open(index));
	relation_close(index, NoLock);

	foreach(lc, find_all_inheritors(oid, ShareUpdateExclusiveLock, NULL))
	{
		Oid			part = lfirst_oid(lc);

		require_owner(part);
		if (get_rel_relkind(part) == RELKIND_PARTITIONED_INDEX)
			alter_partitioned_index(part, value);
		else
			alter_index(part, value);
	}
	PG_RETURN_VOID();
}
