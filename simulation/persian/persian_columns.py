"""What the columns of the Persian demo company's exports are called, and how each is written.

Belongs here: constants; the shipped mapping `demo_fa` says the same to the product. Does not: the
writing of cells and files (persian_extracts.py).
"""

from simulation.company.vocabulary import words_of

HEADERS_FA = {
    "account_id": "کد مشتری",
    "account_name": "نام مشتری",
    "activity_class": "نوع کار",
    "actual_cost_amount": "هزینه تا کنون",
    "activity_id": "کد فعالیت",
    "activity_status": "وضعیت فعالیت",
    "activity_type": "نوع فعالیت",
    "amount": "مبلغ",
    "annual_revenue": "درآمد سالانه (ریال)",
    "answered_on": "تاریخ پاسخ",
    "applicant_email": "ایمیل متقاضی",
    "applicant_name": "نام متقاضی",
    "application_id": "کد درخواست",
    "application_source": "راه آشنایی",
    "application_stage_id": "کد مرحله درخواست",
    "application_status": "وضعیت درخواست",
    "applied_on": "تاریخ درخواست",
    "base_amount": "حقوق پیشنهادی",
    "branch_id": "کد نمایندگی",
    "budget_amount": "بودجه",
    "campaign_cost_id": "کد هزینه",
    "campaign_id": "کد کارزار",
    "campaign_member_id": "کد عضویت",
    "campaign_name": "نام کارزار",
    "campaign_status": "وضعیت کارزار",
    "channel": "کانال",
    "contact_role": "نقش مخاطب",
    "cost_amount": "هزینه",
    "cost_date": "تاریخ هزینه",
    "end_date": "تاریخ خاتمه",
    "first_responded_at": "زمان پاسخ",
    "first_responded_date": "روز پاسخ",
    "has_responded": "پاسخ داده",
    "is_primary": "مخاطب اصلی",
    "member_status": "وضعیت عضو",
    "parent_campaign_id": "کارزار بالاتر",
    "start_date": "تاریخ آغاز کارزار",
    "touch_id": "کد برخورد",
    "touch_type": "نوع برخورد",
    "touched_at": "زمان برخورد",
    "visitor_id": "کد بازدیدکننده",
    "branch_name": "نام نمایندگی",
    "changed_at": "زمان تغییر",
    "changed_by_id": "تغییردهنده",
    "closed_at": "زمان بستن",
    "closed_date": "تاریخ بستن",
    "closed_on": "تاریخ پایان",
    "company_name": "نام شرکت",
    "compensation_id": "کد حکم",
    "competitor": "رقیب",
    "completed_on": "تاریخ پایان دوره",
    "component": "جزء حقوق",
    "contact_id": "کد مخاطب",
    "contact_name": "نام مخاطب",
    "converted_account_id": "مشتری حاصل",
    "converted_at": "زمان تبدیل",
    "converted_contact_id": "مخاطب حاصل",
    "converted_opportunity_id": "فرصت حاصل",
    "country": "کشور",
    "course_hours": "ساعت دوره",
    "course_id": "کد دوره",
    "course_name": "نام دوره",
    "course_type": "نوع دوره",
    "created_at": "زمان ثبت",
    "created_date": "تاریخ ثبت",
    "currency_code": "واحد پول",
    "deal_type": "نوع فروش",
    "decided_on": "تاریخ تصمیم",
    "desired_salary": "حقوق درخواستی",
    "direction": "جهت",
    "effective_from": "از تاریخ",
    "effective_to": "تا تاریخ",
    "email": "ایمیل",
    "employee_count": "تعداد کارکنان",
    "employee_number": "شماره پرسنلی",
    "ended_at": "پایان",
    "enrolment_id": "کد ثبت نام",
    "enrolment_status": "وضعیت دوره",
    "entered_on": "تاریخ ورود",
    "exit_reason": "علت خروج",
    "exited_on": "تاریخ خروج",
    "expected_close_date": "تاریخ پیش بینی",
    "field_name": "فیلد",
    "forecast_category": "رده پیش بینی",
    "from_currency": "از ارز",
    "fte": "سهم کار",
    "friday_hours": "جمعه",
    "hired_on": "تاریخ استخدام",
    "hiring_manager_id": "مدیر درخواست کننده",
    "history_id": "کد تغییر",
    "holiday_date": "تاریخ",
    "holiday_id": "کد تعطیلی",
    "holiday_name": "مناسبت",
    "hours_per_day": "ساعت در روز",
    "industry": "صنعت",
    "is_active": "فعال",
    "is_automatic": "خودکار",
    "is_closed": "بسته",
    "is_converted": "تبدیل شده",
    "is_deleted": "حذف شده",
    "is_duplicate": "تکراری",
    "is_onboarding": "دوره بدو استخدام",
    "is_sales": "فروشنده",
    "is_won": "برنده",
    "job_family": "رسته",
    "job_title": "سمت",
    "lead_id": "کد سرنخ",
    "lead_name": "نام سرنخ",
    "lead_source": "منبع",
    "lead_status_history_id": "کد تغییر وضعیت",
    "lead_status_id": "وضعیت سرنخ",
    "lead_status_name": "نام وضعیت",
    "lead_status_order": "ترتیب وضعیت",
    "lead_step": "گام",
    "leave_id": "کد مرخصی",
    "leave_status": "وضعیت مرخصی",
    "leave_type": "نوع مرخصی",
    "line_amount": "مبلغ ردیف",
    "line_item_id": "کد ردیف",
    "list_price": "قیمت پایه",
    "loss_reason": "علت شکست",
    "manager_id": "کد مدیر",
    "manager_worker_id": "مدیر",
    "merged_into_id": "ادغام در",
    "modified_at": "آخرین تغییر",
    "monday_hours": "دوشنبه",
    "new_value": "مقدار تازه",
    "offer_id": "کد پیشنهاد",
    "offer_status": "وضعیت پیشنهاد",
    "offered_on": "تاریخ پیشنهاد",
    "old_lead_status_id": "وضعیت پیشین",
    "old_value": "مقدار پیشین",
    "opened_on": "تاریخ آغاز",
    "openings": "تعداد",
    "opportunity_id": "شماره فرصت",
    "opportunity_name": "عنوان فرصت",
    "outcome": "نتیجه",
    "owner_id": "کارشناس",
    "parent_account_id": "شرکت مادر",
    "parent_territory_id": "ناحیه بالاتر",
    "pay_amount": "مبلغ حکم",
    "pay_basis": "دوره پرداخت",
    "period_grain": "دوره",
    "period_start": "آغاز دوره",
    "person_id": "کد شخص",
    "phone": "تلفن",
    "probability": "احتمال (درصد)",
    "product_family": "گروه کالا",
    "product_id": "کد کالا",
    "product_name": "نام کالا",
    "quantity": "تعداد",
    "quota_id": "کد سهمیه",
    "quota_kind": "نوع سهمیه",
    "rate": "نرخ",
    "rate_date": "تاریخ نرخ",
    "region": "منطقه",
    "requisition_id": "کد نیاز",
    "role": "نقش",
    "saturday_hours": "شنبه",
    "schedule_id": "کد برنامه",
    "segment": "بخش بازار",
    "stage_id": "مرحله",
    "stage_name": "نام مرحله",
    "stage_order": "ترتیب",
    "started_at": "شروع",
    "started_on": "تاریخ شروع",
    "starts_on": "از روز",
    "ends_on": "تا روز",
    "submission_id": "کد پیش بینی",
    "submission_level": "سطح",
    "submitted_at": "زمان ارسال",
    "submitter_id": "ارسال کننده",
    "sunday_hours": "یکشنبه",
    "system_name": "سامانه",
    "system_person_id": "کد در سامانه",
    "team_id": "کد تیم",
    "team_name": "نام تیم",
    "territory_id": "کد ناحیه",
    "territory_name": "نام ناحیه",
    "thursday_hours": "پنجشنبه",
    "time_entry_id": "کد کارکرد",
    "to_currency": "به ارز",
    "training_cost": "هزینه دوره",
    "training_hours": "ساعت آموزش",
    "tuesday_hours": "سه شنبه",
    "unit_price": "قیمت واحد",
    "user_id": "کد کاربر",
    "user_name": "نام کاربر",
    "valid_from": "اعتبار از",
    "valid_to": "اعتبار تا",
    "version": "نسخه",
    "wednesday_hours": "چهارشنبه",
    "work_email": "ایمیل سازمانی",
    "worker_id": "کد کارمند",
    "worker_name": "نام کارمند",
    "worker_status": "وضعیت",
    "worker_type": "نوع همکاری",
}
"""By the contract's column."""

FIELDS_DBF = {
    "adjustment_amount": "ADJ_AMT",
    "adjustment_id": "ADJ_NO",
    "adjustment_reason": "SHARH",
    "approved_by_id": "TAEED_KON",
    "approved_on": "TAEED_DT",
    "assignment_id": "ASG_NO",
    "cap_amount": "SAGHF",
    "clawback_days": "BARGASHT",
    "control_total": "JAM_KOL",
    "currency_code": "ARZ",
    "department": "VAHED",
    "draw_amount": "ALALHESAB",
    "draw_id": "DRAW_NO",
    "earning_class": "GOROOH",
    "earning_code": "KOD_DARYAF",
    "earning_name": "NAM_DARYAF",
    "effective_from": "AZ_TARIKH",
    "effective_to": "TA_TARIKH",
    "employee_id": "KOD_PERS",
    "employee_name": "NAM_PERS",
    "employee_number": "SH_PERS",
    "exited_on": "TARK_KAR",
    "hired_on": "ESTEKHDAM",
    "hours": "SAAT",
    "is_commission": "POORSANT",
    "is_recoverable": "BARGASHTI",
    "job_title": "SEMAT",
    "minimum_value": "HADEAGHAL",
    "opportunity_id": "SH_FORSAT",
    "paid_on": "PARDAKHT",
    "pay_amount": "MABLAGH",
    "pay_line_id": "RADIF",
    "pay_period_id": "KOD_DOREH",
    "pay_run_id": "KOD_LIST",
    "period_end": "PAYAN",
    "period_grain": "TOOL",
    "period_start": "AGHAZ",
    "plan_id": "KOD_TARH",
    "plan_name": "NAM_TARH",
    "plan_version": "NOSKHE",
    "product_id": "KOD_KALA",
    "rate": "NERKH",
    "reversal_of_id": "BARGASHT_R",
    "run_type": "NOE_LIST",
    "split_share": "SAHM",
    "spif_amount": "JAYEZEH",
    "spif_id": "KOD_JAYZ",
    "spif_name": "NAM_JAYZ",
    "tier_basis": "MABNA",
    "tier_from": "AZ",
    "tier_method": "RAVESH",
    "tier_to": "TA",
    "user_id": "KOD_FROSH",
    "work_email": "EMAIL",
}
"""By the contract's column; a name in a dBase table has at most ten letters."""

WORDS_FOR = {
    "forecast_category": {
        "pipeline": "در جریان",
        "best_case": "خوش بینانه",
        "commit": "تعهد شده",
        "closed": "قطعی",
        "omitted": "کنار گذاشته",
    },
    "field_name": {
        "stage_id": "مرحله",
        "amount": "مبلغ",
        "currency_code": "واحد پول",
        "expected_close_date": "تاریخ پیش بینی",
        "owner_id": "کارشناس",
        "territory_id": "ناحیه",
        "probability": "احتمال",
        "forecast_category": "رده پیش بینی",
    },
    "submission_level": {"rep": "کارشناس", "team": "تیم", "company": "کل شرکت"},
    "period_grain": {"month": "ماهیانه", "quarter": "فصلی", "year": "سالیانه"},
    "quota_kind": {"full": "کامل", "ramped": "کاهش یافته", "roll_up": "تجمیعی"},
    "worker_type": {"employee": "رسمی", "contractor": "پیمانی"},
    "worker_status": {"future": "آینده", "active": "شاغل", "terminated": "ترک کار"},
    "leave_type": {"vacation": "استحقاقی", "sickness": "استعلاجی"},
    "leave_status": {
        "requested": "در انتظار تایید",
        "approved": "تایید شده",
        "rejected": "رد شده",
        "cancelled": "لغو شده",
    },
    "activity_class": {
        "selling": "فروشندگی",
        "training": "آموزش",
        "meeting": "جلسه کاری",
        "admin": "اداری",
        "other": "دیگر",
    },
    "course_type": {"internal": "داخلی", "external": "بیرونی"},
    "enrolment_status": {
        "enrolled": "ثبت نام شده",
        "completed": "کامل شده",
        "passed": "قبولی",
        "failed": "مردودی",
    },
    "application_status": {"hired": "استخدام", "rejected": "رد شده", "withdrawn": "انصراف متقاضی"},
    "offer_status": {"accepted": "پذیرفته", "declined": "نپذیرفته"},
    "lead_step": {
        "new": "تازه",
        "working": "در پیگیری",
        "responded": "پاسخ داده",
        "accepted": "تحویل گرفته",
        "qualified": "شایسته",
        "converted": "فرصت شده",
        "disqualified": "ناشایسته",
        "recycled": "بازگشته",
    },
    "activity_type": {"email": "ایمیل", "call": "تماس", "meeting": "جلسه", "task": "کار"},
    "activity_status": {"planned": "برنامه ریزی شده", "held": "انجام شده", "cancelled": "لغو شده"},
    "direction": {"outgoing": "خروجی", "incoming": "ورودی"},
    "outcome": {
        "positive": "مثبت",
        "neutral": "خنثی",
        "negative": "منفی",
        "no_answer": "بی پاسخ",
        "left_message": "پیغام گذاشته",
        "no_show": "نیامده",
        "out_of_office": "بیرون از اداره",
    },
    "touch_type": {
        "web_visit": "بازدید",
        "form": "فرم",
        "ad_view": "دیدن آگهی",
        "ad_click": "کلیک آگهی",
        "email_open": "باز کردن ایمیل",
        "email_click": "کلیک ایمیل",
        "event": "رویداد",
    },
}
"""By column, the words for those of the contract; not in dBase tables, which have its codes."""

YES, NO = "بلی", "خیر"
DATES = frozenset(
    words_of(
        "closed_date created_date expected_close_date rate_date valid_from valid_to hired_on "
        "exited_on effective_from effective_to holiday_date starts_on ends_on started_on "
        "completed_on opened_on closed_on applied_on decided_on entered_on offered_on "
        "answered_on period_start period_end paid_on approved_on start_date end_date cost_date "
        "first_responded_date"
    )
)
BOOLEANS = frozenset(
    words_of(
        "is_active is_closed is_won is_duplicate is_deleted is_sales is_onboarding "
        "is_commission is_recoverable is_converted is_automatic has_responded is_primary"
    )
)
NUMBERS = frozenset(
    words_of(
        "annual_revenue employee_count list_price stage_order probability amount quantity "
        "unit_price line_amount version rate fte pay_amount hours_per_day course_hours "
        "training_hours training_cost openings desired_salary base_amount control_total hours "
        "plan_version cap_amount clawback_days tier_from tier_to draw_amount minimum_value "
        "spif_amount split_share adjustment_amount monday_hours tuesday_hours wednesday_hours "
        "thursday_hours friday_hours saturday_hours sunday_hours lead_status_order "
        "budget_amount actual_cost_amount cost_amount"
    )
)
IN_TOMAN = {
    "opportunities": frozenset({"amount"}),
    "opportunity_line_items": frozenset({"unit_price", "line_amount"}),
}
"""Amounts that the CRM has in toman, in the files of deals in rials."""
PERCENTAGES = {"opportunities": "probability"}
SPELLED_KEYS = frozenset(
    words_of(
        "account_id parent_account_id owner_id user_id manager_id team_id branch_id "
        "territory_id parent_territory_id stage_id opportunity_id merged_into_id product_id "
        "worker_id manager_worker_id hiring_manager_id submitter_id employee_id "
        "approved_by_id employee_number lead_source segment industry lead_id contact_id "
        "converted_opportunity_id converted_account_id converted_contact_id "
        "campaign_id parent_campaign_id channel"
    )
)
"""Keys, references and what is counted by: written in several ways, and one after `normalize`."""
SPELLED_NAMES = frozenset(
    words_of(
        "user_name role team_name branch_name region country territory_name account_name "
        "product_name product_family stage_name opportunity_name deal_type loss_reason "
        "competitor worker_name exit_reason job_title job_family holiday_name course_name "
        "applicant_name application_source employee_name department earning_name plan_name "
        "spif_name adjustment_reason lead_name company_name contact_name lead_status_name "
        "campaign_name campaign_status contact_role member_status"
    )
)
