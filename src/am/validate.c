/*-------------------------------------------------------------------------
 *
 * validate.c
 *	  amvalidate: is an operator class what metric_routine.h says that a metric
 *	  is?
 *
 * A class for a type T has OPERATOR 1 (T, T), ordering by float8, and FUNCTION
 * 1 (T, T), returning float8.  The one class for composite types has no metric
 * of its own: its operators 1 and 2 take an odbquery on the right.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "am/am.h"
#include "compat.h"
#include "metric/metric.h"
#include "mmdb.h"

/* The class that is checked, and whether it is valid so far. */
typedef struct Validation
{
	const char *opfamily;
	Oid			opcintype;
	bool		valid;
} Validation;

/*
 * Report a problem, as amvalidate functions do, and remember that there is
 * one.
 */
#define PROBLEM(v, ...) \
	do { \
		(v)->valid = false; \
		ereport(INFO, \
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION), \
				 errmsg(__VA_ARGS__))); \
	} while (0)

static void
check_function(Validation *v, Form_pg_amproc proc)
{
	bool		ok;

	if (proc->amproclefttype != proc->amprocrighttype)
		PROBLEM(v, "operator family \"%s\" of access method %s contains function %s with different left and right input types",
				v->opfamily, MM_AM_NAME, format_procedure(proc->amproc));

	/*
	 * Signatures depend on the class, so check those of the class that we
	 * validate.
	 */
	if (proc->amproclefttype != v->opcintype)
		return;

	switch (proc->amprocnum)
	{
		case MM_DISTANCE_PROC:
		case MM_ROUTINE_PROC:
			ok = mm_metric_signature_fits(proc->amproc, proc->amprocnum, v->opcintype);
			break;
		case MM_OPTIONS_PROC:
			ok = check_amoptsproc_signature(proc->amproc);
			break;
		default:
			PROBLEM(v, "operator family \"%s\" of access method %s contains function %s with invalid support number %d",
					v->opfamily, MM_AM_NAME, format_procedure(proc->amproc),
					proc->amprocnum);
			return;
	}
	if (!ok)
		PROBLEM(v, "operator family \"%s\" of access method %s contains function %s with wrong signature for support number %d",
				v->opfamily, MM_AM_NAME, format_procedure(proc->amproc),
				proc->amprocnum);
}

static void
check_operator(Validation *v, Form_pg_amop op)
{
	bool		alias = op->amopstrategy == MM_ALIAS_STRATEGY;
	bool		ordering = op->amopstrategy == MM_DISTANCE_STRATEGY || alias;
	Oid			result = ordering ? FLOAT8OID : BOOLOID;

	if (!ordering &&
		!(op->amopstrategy == MM_WITHIN_STRATEGY && op->amoplefttype == RECORDOID))
	{
		PROBLEM(v, "operator family \"%s\" of access method %s contains operator %s with invalid strategy number %d",
				v->opfamily, MM_AM_NAME, format_operator(op->amopopr),
				op->amopstrategy);
		return;
	}

	if (ordering != (op->amoppurpose == AMOP_ORDER))
		PROBLEM(v, "operator family \"%s\" of access method %s contains operator %s for the wrong purpose",
				v->opfamily, MM_AM_NAME, format_operator(op->amopopr));
	else if (ordering && !opfamily_can_sort_type(op->amopsortfamily, FLOAT8OID))
		PROBLEM(v, "operator family \"%s\" of access method %s contains incorrect ORDER BY opfamily specification for operator %s",
				v->opfamily, MM_AM_NAME, format_operator(op->amopopr));

	if (alias && get_opcode(op->amopopr) !=
		get_opcode(get_opfamily_member(op->amopfamily, op->amoplefttype, op->amoprighttype,
									   MM_DISTANCE_STRATEGY)))
		PROBLEM(v, "operator family \"%s\" of access method %s contains operator %s, whose function is not that of the distance",
				v->opfamily, MM_AM_NAME, format_operator(op->amopopr));

	if (!check_amop_signature(op->amopopr, result, op->amoplefttype,
							  op->amoprighttype))
		PROBLEM(v, "operator family \"%s\" of access method %s contains operator %s with wrong signature",
				v->opfamily, MM_AM_NAME, format_operator(op->amopopr));
}

bool
mmdb_validate(Oid opclassoid)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclassoid));
	Form_pg_opclass opclass;
	CatCList   *operators;
	CatCList   *functions;
	Validation	v;
	bool		has_operator = false;
	bool		has_function = false;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclassoid);
	opclass = (Form_pg_opclass) GETSTRUCT(tuple);
	v.opfamily = get_opfamily_name(opclass->opcfamily, false);
	v.opcintype = opclass->opcintype;
	v.valid = true;

	operators = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(opclass->opcfamily));
	functions = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(opclass->opcfamily));

	for (int i = 0; i < functions->n_members; i++)
	{
		Form_pg_amproc proc = (Form_pg_amproc) GETSTRUCT(&functions->members[i]->tuple);

		check_function(&v, proc);
		has_function |= proc->amprocnum == MM_DISTANCE_PROC &&
			proc->amproclefttype == v.opcintype;
	}
	for (int i = 0; i < operators->n_members; i++)
	{
		Form_pg_amop op = (Form_pg_amop) GETSTRUCT(&operators->members[i]->tuple);

		check_operator(&v, op);
		has_operator |= op->amopstrategy == MM_DISTANCE_STRATEGY &&
			op->amoplefttype == v.opcintype &&
			(op->amoprighttype == v.opcintype || v.opcintype == RECORDOID);
	}

	if (!has_operator)
		PROBLEM(&v, "operator class \"%s\" of access method %s is missing operator %d",
				NameStr(opclass->opcname), MM_AM_NAME, MM_DISTANCE_STRATEGY);
	if (!has_function && v.opcintype != RECORDOID)
		PROBLEM(&v, "operator class \"%s\" of access method %s is missing support function %d",
				NameStr(opclass->opcname), MM_AM_NAME, MM_DISTANCE_PROC);

	ReleaseCatCacheList(functions);
	ReleaseCatCacheList(operators);
	ReleaseSysCache(tuple);
	return v.valid;
}
