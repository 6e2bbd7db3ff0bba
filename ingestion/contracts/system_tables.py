"""The tables that the warehouse keeps about itself beside raw: settings and landing records.

Belongs here: their declaration, in the same classes as contract tables. Does not belong here: the
code that fills them (`company`, `landing`, the gates).
"""

from __future__ import annotations

from ingestion.contracts.tables import Classification, Column, LogicalType, Table

COMPANY = "company"
LANDING = "landing"
MATCHING = "matching"


def _column(
    name: str,
    logical_type: LogicalType,
    description: str,
    *,
    required: bool = False,
    key: bool = False,
    classification: Classification = "public",
) -> Column:
    return Column(
        name=name,
        logical_type=logical_type,
        description=description,
        required=required or key,
        primary_key=key,
        classification=classification,
    )


def _text(name: str, description: str, *, required: bool = True, key: bool = False) -> Column:
    return _column(name, "string", description, required=required, key=key)


def _optional_text(name: str, description: str) -> Column:
    return _column(name, "string", description)


def _integer(name: str, description: str) -> Column:
    return _column(name, "integer", description, required=True)


def _share(name: str, description: str) -> Column:
    return Column(
        name=name,
        logical_type="number",
        description=description,
        required=True,
        precision=9,
        scale=4,
    )


def _weight(name: str, description: str) -> Column:
    return _share(name, description).model_copy(update={"scale": 6})


def _date(name: str, description: str, *, key: bool = False) -> Column:
    return _column(name, "date", description, required=True, key=key)


def _moment(name: str, description: str) -> Column:
    return _column(name, "timestamp", description, required=True)


def _flag(name: str, description: str) -> Column:
    return _column(name, "boolean", description, required=True)


SETTINGS = Table(
    source=COMPANY,
    name="settings",
    description="One row: the company settings that models read.",
    columns=(
        _text("reporting_currency", "Currency of converted amounts (ISO 4217)."),
        _text(
            "time_zone",
            "Zone in which business dates are taken (IANA name). Where it changed: each zone "
            "behind the moment (UTC) and the day from which it holds, the earliest first, with "
            "semicolons between them.",
        ),
        _integer("close_lag_days", "Days after a period's end at which its numbers are frozen."),
        _text("closing_day", "What dates a closing that a history tells: transition or stated."),
        _integer("minimum_group_size", "People a group must have for its pay to be shown."),
        _integer("max_rate_age_days", "Days for which an exchange rate holds without a newer one."),
        _integer("max_lag_days", "Days that one source may lag another before it is warned of."),
        _integer(
            "max_pay_gap_days",
            "Days without a run of the kind that pays a rep, after which any run counts.",
        ),
        _integer("standard_day_minutes", "Working minutes of a business day without a schedule."),
        _share("ramp_target_share", "Share of a quota at which a new seller counts as ramped."),
    ),
)

CALENDAR = Table(
    source=COMPANY,
    name="calendar",
    description="One row per day, from the first to the last day of the company's calendar.",
    columns=(
        _date("date_day", "The day.", key=True),
        _integer("year", "Gregorian year."),
        _integer("quarter", "Gregorian quarter, 1 to 4."),
        _integer("month", "Gregorian month, 1 to 12."),
        _integer("day_of_month", "Day of the Gregorian month."),
        _integer("day_of_year", "Day of the Gregorian year."),
        _integer("iso_year", "Year that the ISO week belongs to."),
        _integer("iso_week", "ISO week, 1 to 53."),
        _integer("iso_weekday", "Day of the week, 1 (Monday) to 7 (Sunday)."),
        _text("weekday_name", "English name of the day of the week."),
        _text("month_name", "English name of the Gregorian month."),
        _integer("jalali_year", "Jalali (Solar Hijri) year."),
        _integer("jalali_month", "Jalali month, 1 to 12."),
        _integer("jalali_day", "Day of the Jalali month."),
        _text("jalali_month_name", "Name of the Jalali month in Latin letters."),
        _text("jalali_date", "Jalali date as yyyy-mm-dd."),
        _integer("fiscal_year", "Fiscal year, named after the year in which it ends."),
        _integer("fiscal_quarter", "Quarter of the fiscal year, 1 to 4."),
        _integer("fiscal_month", "Month of the fiscal year, 1 to 12."),
        _date("month_start", "First day of the company month around the day."),
        _date("month_end", "Last day of the company month around the day."),
        _date("quarter_start", "First day of the fiscal quarter around the day."),
        _date("quarter_end", "Last day of the fiscal quarter around the day."),
        _date("year_start", "First day of the fiscal year around the day."),
        _date("year_end", "Last day of the fiscal year around the day."),
        _text("month_label", "Company month, such as 2017-10."),
        _text("quarter_label", "Fiscal quarter, such as 2017-Q4."),
        _text("year_label", "Fiscal year, such as 2017."),
        _flag("is_weekend", "Whether the day is on the company's weekend and no day of work."),
        _flag("is_holiday", "Whether the day is a holiday of the company."),
        _optional_text("holiday_name", "Name of the holiday; empty on other days."),
        _flag("is_business_day", "Whether the company works: neither weekend nor holiday."),
        _integer(
            "business_day_number",
            "Business days from the calendar's first day up to and including this one.",
        ),
        _date("week_start", "First day of the company's week around the day."),
        _date("week_end", "Last day of the company's week around the day."),
        _text("week_label", "Week, such as 2017-W05."),
    ),
)

BRANCH_DAYS = Table(
    source=COMPANY,
    name="branch_days",
    description="One row per branch and day on which it is off, or at work, unlike the company.",
    columns=(
        _text("branch_id", "The branch, as the sources name it.", key=True),
        _date("date_day", "The day.", key=True),
        _flag("is_weekend", "Whether the day is on the weekend and no day of work there."),
        _flag("is_holiday", "Whether the day is a holiday there."),
        _optional_text("holiday_name", "Name of the holiday; empty on other days."),
    ),
)

DEAL_SIZE_BANDS = Table(
    source=COMPANY,
    name="deal_size_bands",
    description="One row per size band, by which deals are told apart in what they are worth.",
    columns=(
        _text("size_band", "Name of the band, such as 10k to 50k.", key=True),
        _column("value_from", "integer", "Least worth in the band; empty in the lowest."),
        _column("value_below", "integer", "Where the next band begins; empty in the highest."),
    ),
)

BUSINESS_HOURS = Table(
    source=COMPANY,
    name="business_hours",
    description="One row per day of the week with business hours, and days for which they hold.",
    columns=(
        _date("valid_from", "First day for which they hold.", key=True),
        _date("valid_to", "First day for which they no longer do."),
        _column("iso_weekday", "integer", "Day of the week, 1 (Monday) to 7 (Sunday).", key=True),
        _integer("opens_minute", "Minutes after midnight, by the clock, at which work begins."),
        _integer("break_starts_minute", "The same of the break; the end of work without one."),
        _integer("break_ends_minute", "The same of its end."),
        _integer("closes_minute", "The same of the end of work; 1440 is midnight."),
    ),
)

RESPONSE_SLAS = Table(
    source=COMPANY,
    name="response_slas",
    description="One row per response target for new leads, and days for which it holds.",
    columns=(
        _date("valid_from", "First day for which it holds.", key=True),
        _date("valid_to", "First day for which it no longer does."),
        _integer("response_sla_minutes", "Business minutes within which a lead is answered."),
    ),
)

ATTRIBUTION_MODELS = Table(
    source=COMPANY,
    name="attribution_models",
    description="One row per way of sharing a deal out among the touches that led to it.",
    columns=(
        _text("attribution_model", "Name of the model, such as linear.", key=True),
        _integer("model_order", "Its place in the list."),
        _weight("first_touch_weight", "Share of a deal that its first touch gets."),
        _weight("lead_creation_weight", "The same of the last touch up to the lead's creation."),
        _weight("deal_creation_weight", "The same of the last touch up to the deal's creation."),
        _weight("closing_weight", "The same of the last touch up to the closing."),
        _weight("other_touches_weight", "The same of all others together."),
        _column("half_life_days", "integer", "Days after which another touch counts half as much."),
    ),
)

PSEUDONYM_KEY = Table(
    source=COMPANY,
    name="pseudonym_key",
    description="One row: the key by which people's ids become pseudonyms, ready for HMAC-SHA-256.",
    columns=(
        _text("key_id", "Names the key without telling it."),
        _column(
            "inner_pad",
            "string",
            "The key combined with the inner padding, as hexadecimal digits.",
            required=True,
            classification="personal",
        ),
        _column(
            "outer_pad",
            "string",
            "The key combined with the outer padding, as hexadecimal digits.",
            required=True,
            classification="personal",
        ),
    ),
)

FILES = Table(
    source=LANDING,
    name="files",
    description=(
        "One row per file and landing: the manifest. Every record of a file is accounted for: "
        "records = accepted + unchanged + quarantined + passed_over."
    ),
    columns=(
        _text("run_id", "Refresh that read the file."),
        _text("source_system", "System the file came from."),
        _text("source", "Contract source, such as crm."),
        _text("table_name", "Contract table the file feeds."),
        _text("mapping_name", "Mapping the file was read with."),
        _text("file_name", "Path of the file relative to the source's folder."),
        _optional_text("sha256", "SHA-256 of the file's bytes."),
        _column("size_bytes", "integer", "Size of the file."),
        _optional_text("format", "Format the file was read in."),
        _optional_text("extract_id", "Extract the file belongs to; sorts in time order."),
        _column("extracted_at", "timestamp", "Moment the extract speaks for (UTC)."),
        _column("modified_at", "timestamp", "Modification time of the file (UTC)."),
        _moment("landed_at", "When the file was read (UTC)."),
        _text("status", "landed, unchanged (its content adds nothing) or refused."),
        _integer("records", "Records in the file."),
        _integer("accepted", "Records appended to the change log."),
        _integer("quarantined", "Records set aside."),
        _column(
            "passed_over",
            "integer",
            "Records that are none: blank, below the last one, or not what the mapping means.",
        ),
        _column(
            "emptied",
            "integer",
            "Values of records that are kept which cannot be used and were left empty.",
        ),
        _integer("unchanged", "Records equal to what was known, exact duplicates included."),
        _integer("duplicates", "Exact duplicates within the extract; part of unchanged."),
        _integer("deleted", "Keys recorded as deleted because the extract lacks them."),
        _optional_text(
            "control_totals",
            "JSON: sum of every number column over accepted and unchanged records.",
        ),
        _optional_text("message", "Why the file was refused, or what else is worth knowing."),
        _optional_text("feed", "Tells the feeds apart that read one file for one table."),
    ),
)

EXTRACTS = Table(
    source=LANDING,
    name="extracts",
    description="One row per extract of a table: one moment that one or more files speak for.",
    columns=(
        _text("extract_id", "Id of the extract; sorts in time order.", key=True),
        _text("source_system", "System the extract came from.", key=True),
        _text("source", "Contract source, such as crm.", key=True),
        _text("table_name", "Contract table the extract feeds.", key=True),
        _text("kind", "full, delta or events."),
        _moment("extracted_at", "Moment the extract speaks for (UTC)."),
        _moment("landed_at", "When the extract was landed (UTC)."),
        _text("fingerprint", "Hash of the contract table and mapping it was read with."),
        _flag("is_complete", "Whether it is a full extract whose keys could all be read."),
        _optional_text("feed", "Tells the feeds apart that read one file for one table."),
    ),
)

QUARANTINE = Table(
    source=LANDING,
    name="quarantine",
    description="One row per record that was set aside and thing that is wrong with it.",
    columns=(
        _text("run_id", "Refresh that read the record."),
        _text("source_system", "System the record came from."),
        _text("source", "Contract source, such as crm."),
        _text("table_name", "Contract table the record was meant for."),
        _text("file_name", "Path of the file relative to the source's folder."),
        _optional_text("sha256", "SHA-256 of the file's bytes."),
        _optional_text("extract_id", "Extract the record belongs to."),
        _column(
            "record_number",
            "integer",
            "Tells the records of a refresh and table apart that were set aside: a record may have "
            "several faults, and a line several feeds.",
        ),
        _column("line", "integer", "Line, sheet row or record number where the record starts."),
        _optional_text("column_name", "Contract column at fault; empty if the whole record is."),
        _optional_text("value", "Value as found; *** for personal and pay data."),
        _text("reason", "Code of what is wrong, such as cast_failed."),
        _text("message", "What is wrong, in a sentence."),
        _optional_text("record", "JSON of the record as found, personal and pay data masked."),
    ),
)

EMPTIED = Table(
    source=LANDING,
    name="emptied",
    description="One row per value that cannot be used and was left empty, its record being kept.",
    columns=(
        _text("run_id", "Refresh that read the record."),
        _text("source_system", "System the record came from."),
        _text("source", "Contract source, such as crm."),
        _text("table_name", "Contract table of the record."),
        _text("file_name", "Path of the file relative to the source's folder."),
        _optional_text("sha256", "SHA-256 of the file's bytes."),
        _optional_text("extract_id", "Extract the record belongs to."),
        _column("line", "integer", "Line, sheet row or record number where the record starts."),
        _text("column_name", "Contract column that was left empty."),
        _optional_text("value", "Value as found; *** for personal and pay data."),
        _text("reason", "Code of what is wrong, such as out_of_range."),
        _text("message", "What is wrong, in a sentence."),
    ),
)

CONFIRMATIONS = Table(
    source=LANDING,
    name="confirmations",
    description="One row per row of a delta extract that was equal to what was known.",
    columns=(
        _text("source_system", "System the extract came from.", key=True),
        _text("source", "Contract source, such as crm.", key=True),
        _text("table_name", "Contract table of the row.", key=True),
        _text("key_hash", "Hash of the row's key.", key=True),
        _text("extract_id", "Extract that confirmed the row.", key=True),
        _text("row_hash", "Hash of the row's content."),
    ),
)

UNOBSERVED = Table(
    source=LANDING,
    name="unobserved",
    description=(
        "One row per key of a full extract that was set aside: the extract says nothing of it, "
        "neither that it changed nor that it vanished."
    ),
    columns=(
        _text("source_system", "System the extract came from.", key=True),
        _text("source", "Contract source, such as crm.", key=True),
        _text("table_name", "Contract table of the row.", key=True),
        _text("key_hash", "Hash of the row's key.", key=True),
        _text("extract_id", "Extract that does not speak for the key.", key=True),
    ),
)

GATE_RESULTS = Table(
    source=LANDING,
    name="gate_results",
    description="One row per check of a gate and refresh.",
    columns=(
        _text("run_id", "Refresh that ran the check.", key=True),
        _moment("checked_at", "When the check ran (UTC)."),
        _text("gate", "raw, core or marts.", key=True),
        _text("layer", "Layer that the checked table is in."),
        _text("table_name", "Table that was checked.", key=True),
        _text("check_name", "Name of the check.", key=True),
        _text("severity", "block (stops the refresh) or warn."),
        _text("result", "passed, failed or broken (the check itself did not work)."),
        _column("rows_checked", "integer", "Rows that were looked at."),
        _column("rows_failed", "integer", "Rows that broke the rule."),
        _optional_text("message", "What was found."),
    ),
)

LEAD_MATCHES = Table(
    source=MATCHING,
    name="lead_matches",
    description=(
        "One row per lead and comparison that found another answer than the one before: which lead "
        "the person is counted by from then on."
    ),
    columns=(
        Column(
            name="match_number",
            logical_type="integer",
            description="The comparison; a later one has a greater number.",
            required=True,
            primary_key=True,
        ),
        _text("run_id", "Refresh that compared the leads."),
        _text("lead_id", "The lead.", key=True),
        _text("kept_lead_id", "The person's first lead; the lead itself where it is no other's."),
        Column(
            name="match_weight",
            logical_type="number",
            description=(
                "Weight of its best match, in bits: each more makes one person twice as likely; "
                "empty where it is no other's."
            ),
            precision=9,
            scale=4,
        ),
        _moment("known_from", "Moment (UTC) from which on that is known."),
    ),
)

MATCHING_RUNS = Table(
    source=MATCHING,
    name="runs",
    description="One row per comparison of all leads with each other.",
    columns=(
        Column(
            name="match_number",
            logical_type="integer",
            description="Its number; a later one has a greater number.",
            required=True,
            primary_key=True,
        ),
        _text("run_id", "Refresh that compared the leads."),
        _moment("matched_at", "Moment (UTC) that the newest CRM extract spoke for."),
        _text("fingerprint", "Hash of what was compared, and by which rules."),
        _integer("leads", "Leads that stood for themselves."),
        _share("probability", "From which on two leads counted as one person."),
        _text("weights", "JSON: what the model knew of leads."),
    ),
)

SYSTEM_TABLES: tuple[Table, ...] = (
    SETTINGS,
    CALENDAR,
    BRANCH_DAYS,
    DEAL_SIZE_BANDS,
    BUSINESS_HOURS,
    RESPONSE_SLAS,
    ATTRIBUTION_MODELS,
    PSEUDONYM_KEY,
    FILES,
    EXTRACTS,
    QUARANTINE,
    EMPTIED,
    CONFIRMATIONS,
    UNOBSERVED,
    GATE_RESULTS,
    LEAD_MATCHES,
    MATCHING_RUNS,
)
SYSTEM_SOURCES = frozenset(table.source for table in SYSTEM_TABLES)
