"""The words of the Persian demo company, by those of the vocabulary that they stand for.

Belongs here: constants, all invented. Does not: where they are put in (retelling.py).

Words are written as the steps of `normalize` leave them: with the Persian yeh and kaf, and a space
where a careful writer puts a half-space.
"""

from simulation.company.vocabulary import words_of

PREFIXES = {"TE-": "تیم-", "BR-": "نمایندگی-", "TY-": "ناحیه-", "AC-": "مشتری-"}
"""What ids of teams, offices, territories and accounts begin with."""

CURRENCY_CODES = {"USD": "IRR", "GBP": "AED", "CAD": "TRY"}

PHRASES = {
    # Places
    "United States": "ایران",
    "Canada": "ترکیه",
    "United Kingdom": "امارات",
    "Ireland": "ارمنستان",
    "Germany": "آلمان",
    "Portugal": "ایتالیا",
    "France": "فرانسه",
    "Americas": "خاورمیانه",
    "Europe": "برون مرزی",
    # Stages
    "qualification": "ارزیابی",
    "discovery": "نیازسنجی کامل",
    "proposal": "پیشنهاد قیمت",
    "negotiation": "مذاکره",
    "won": "برنده",
    "lost": "از دست رفته",
    "Qualification": "ارزیابی اولیه",
    "Discovery": "نیازسنجی",
    "Proposal": "ارائه پیشنهاد",
    "Negotiation": "مذاکره پایانی",
    "Won": "فروش قطعی",
    "Lost": "شکست",
    # Statuses of leads
    "New inquiry": "پرسش تازه",
    "Reached out": "تماس گرفته",
    "Replied": "پاسخ رسیده",
    "Taken over by sales": "در دست فروش",
    "Worth a deal": "درخور معامله",
    "Became a deal": "به معامله رسیده",
    "Given up": "کنار نهاده",
    "Back to marketing": "برگشته به بازاریابی",
    # Campaigns
    "Growth program": "برنامه رشد",
    "Search ads": "آگهی جستجو",
    "Spring trade fair": "نمایشگاه بهاره",
    "Monthly newsletter": "خبرنامه ماهیانه",
    "Product webinar": "وبینار کالا",
    "Offer reminder": "یادآوری پیشنهاد",
    "Partner mailing": "نامه به شریکان",
    "paid search": "جستجوی پولی",
    "event": "رویداد",
    "email": "ایمیل",
    "webinar": "وبینار",
    "remarketing": "بازاریابی دوباره",
    "direct mail": "نامه پستی",
    "organic": "بازدید آزاد",
    "in progress": "در دست اجرا",
    "completed": "پایان یافته",
    "sent": "فرستاده",
    "responded": "پاسخ داده",
    "decision maker": "تصمیم گیرنده",
    "user": "کاربر نهایی",
    # What deals and accounts are told by
    "website": "وب سایت",
    "referral": "معرفی مشتریان",
    "outbound": "بازاریابی تلفنی",
    "trade fair": "نمایشگاه",
    "partner": "شریک تجاری",
    "advertising": "تبلیغات محیطی",
    "new business": "فروش تازه",
    "expansion": "توسعه همکاری",
    "renewal": "تمدید",
    "price": "قیمت",
    "competitor": "رقیب",
    "no decision": "بی تصمیمی",
    "timing": "زمان بندی",
    "missing feature": "کمبود امکانات",
    "Castellan Suite": "سامانه کیان",
    "Brightwater": "آب روشن",
    "Osprey Works": "کارگاه عقاب",
    "enterprise": "شرکت های بزرگ",
    "mid-market": "شرکت های میانی",
    "small business": "کسب و کار کوچک",
    "retail": "خرده فروشی",
    "logistics": "پشتیبانی و حمل",
    "manufacturing": "تولید صنعتی",
    "health care": "سلامت",
    "software": "نرم افزار",
    "education": "آموزش",
    "energy": "انرژی",
    "finance": "مالی",
    "head of sales": "مدیر کل فروش",
    "sales manager": "مدیر فروش",
    "sales rep": "کارشناس فروش",
    # Products
    "Ledger Core": "دفتر کل پایه",
    "Ledger Plus": "دفتر کل پیشرفته",
    "Ledger Archive": "بایگانی دفتر کل",
    "Harbor Orders": "سفارش بندر",
    "Harbor Stock": "انبار بندر",
    "Harbor Returns": "مرجوعی بندر",
    "Signal Desk": "میز پیک",
    "Signal Voice": "صدای پیک",
    "Signal Insight": "بینش پیک",
    "Onboarding": "راه اندازی",
    "Bespoke Work": "کار سفارشی",
    "Ledger Classic": "دفتر کل قدیمی",
    "Ledger": "دفتر کل",
    "Harbor": "بندر",
    "Signal": "پیک",
    "Services": "خدمات",
    # People and pay
    "sales": "فروش",
    "office": "ستاد",
    "Sales": "واحد فروش",
    "Office": "واحد ستاد",
    "analyst": "تحلیلگر",
    "finance lead": "سرپرست مالی",
    "support agent": "کارشناس پشتیبانی",
    "recruiter": "کارشناس جذب",
    "intern": "کارآموز",
    "resigned": "استعفا",
    "Salary": "حقوق پایه",
    "Commission": "پورسانت",
    "Bonus": "پاداش",
    "Social security": "بیمه سهم کارفرما",
    "Wage tax": "مالیات حقوق",
    "Field sales by quota": "فروش میدانی با سهمیه",
    "Inside sales in euros": "فروش داخلی به یورو",
    "Partner sales": "فروش شریکان",
    "As it was before": "طرح پیشین",
    "Insight weeks": "هفته های بینش",
    "Large deals": "معامله های بزرگ",
    "Any insight": "هر بینش",
    "agreed with the head of sales": "با موافقت مدیر کل فروش",
    "First weeks": "هفته های آغاز کار",
    "Product knowledge": "آشنایی با کالا",
    "Forecasting": "پیش بینی فروش",
    "screening": "بررسی رزومه",
    "interview": "مصاحبه",
    "case study": "مطالعه موردی",
    "offer": "پیشنهاد همکاری",
    "job board": "سایت کاریابی",
    "agency": "موسسه کاریابی",
    "career page": "صفحه استخدام",
    "Day after Yalda": "فردای یلدا",
    "Day of the head office": "روز دفتر مرکزی",
    "Emirates' National Day": "روز ملی امارات",
    "Turkey's Republic Day": "روز جمهوری ترکیه",
    "Day of the office": "روز نمایندگی",
    "Christmas Eve": "شب کریسمس",
    "Christmas Day": "روز کریسمس",
}

_CITIES = (
    ("Austin", "تهران"), ("Hamburg", "هامبورگ"), ("Leeds", "دبی"), ("Toronto", "استانبول"),
    ("Denver", "اصفهان"), ("Lyon", "لیون"), ("Porto", "میلان"), ("Boise", "شیراز"),
    ("Montréal", "آنکارا"), ("Dublin", "ایروان"), ("Köln", "کلن"), ("Bristol", "شارجه"),
    ("north", "شمالی"), ("south", "جنوبی"),
)  # fmt: skip
_GIVEN_NAMES = words_of(
    "Amara Bruno Chloé Dario Elif Farid Greta Hanna Ivo Jasmin Kofi Lena Mateo Nadia "
    "Oskar Priya Quentin Rosa Sanna Tariq Uma Viktor Wanda Xavier Yara Zoltán Aylin Björn "
    "Carmen Dmitri Inga"
)
_GIVEN_NAMES_FA = words_of(
    "مینا کامران شکیبا داریوش الهام فرید گلناز حنانه ایرج یاسمن کوروش لیلا مهدی نادیا "
    "امیر پریسا کیوان رویا سیمین طاهر هما یحیی وحیده خسرو یارا زکریا آیلین بهنام کتایون "
    "دانیال نگین"
)
_FAMILY_NAMES = words_of(
    "Abbott Bergström Castillo Dubois Ellery Fontaine Grünwald Haddad Ibsen Jansen "
    "Kowalski Lindqvist Moreau Nakamura Okafor Petrov Quiroga Rossi Sandoval Tanaka Ueda "
    "Varga Whitlock Ximenes Yıldız Zeller Amsel Barros Cho Delgado Eriksen Falk Gallo "
    "Hofer Iyer Jokinen Keane Lopes Mbeki Novák Solberg"
)
_FAMILY_NAMES_FA = words_of(
    "عباسی بهرامی کاظمی دادگر الوندی فرهادی گرجی حدادی ایزدی جعفری کریمی "
    "لطفی مرادی نیکنام اکبری پاکدل قاسمی رستمی صادقی تهرانی یوسفی وکیلی واعظی "
    "خسروی یزدانی زارعی امینی باقری چیتگر دهقان احمدی فلاحی گودرزی هاشمی عسکری جوادی کیانی "
    "لاری مشکی نوری سلیمی"
)
_ACCOUNT_WORDS = words_of(
    "Quiet Amber Northern Silver Open Bright Stone River Cedar Copper Blue Green High "
    "Iron Lunar Maple Noble Orchid Prairie Quartz Red Solar Tidal Urban Violet Western "
    "Yellow Zephyr Alpine Café Coral Delta Ember Forest Golden Hollow Indigo Jade Kestrel "
    "Linden Foods Textiles Freight Clinics Instruments Bakeries Energy Robotics Schools "
    "Optics Paper Motors Gardens Software Insurance Glass Tools Airways Furniture "
    "Chemicals Hotels Pharma Cables Printing Cycles Coffee Shipping Metals Seeds Studios "
    "Telecom Timber Ceramics Games Laundries Pumps Sensors Toys Vineyards Water Ltd Group "
    "GmbH Inc SA Partners and Sons Co-op Holding Unlisted Unnamed deal called phase two "
    "second order"
)
_ACCOUNT_WORDS_FA = words_of(
    "آرام کهربا شمالگان نقره گشاده روشن سنگین رودکی سرو مسین آبی سبزینه بلند آهنین مهتاب "
    "افرا نجیب ارکیده چمن یشم سرخ خورشیدی کرانه شهری بنفشه باختر زرین نسیم البرز کافه "
    "مرجان دلتا اخگر جنگلی طلایی دره نیلی فیروزه شاهین زیزفون خوراک نساجی باربری درمانگاه "
    "ابزاردقیق نانوایی نیرو رباتیک دبستان اپتیک کاغذسازی موتور باغستان نرمافزار بیمه شیشه "
    "ابزارآلات هواپیمایی مبلمان شیمیایی هتل دارویی کابل چاپخانه دوچرخه قهوه کشتیرانی "
    "فلزکاری بذر استودیو مخابرات الوار سرامیک بازیسازی خشکشویی پمپ حسگر اسباببازی تاکستان "
    "آبرسانی محدود گروه تضامنی سهامی تعاونی شرکا و پسران تعاون هلدینگ فهرستنشده بینام "
    "معامله معروفبه فاز دو دوم سفارش"
)
WORDS = (
    dict(_CITIES)
    | dict(zip(_GIVEN_NAMES, _GIVEN_NAMES_FA, strict=True))
    | dict(zip(_FAMILY_NAMES, _FAMILY_NAMES_FA, strict=True))
    | dict(zip(_ACCOUNT_WORDS, _ACCOUNT_WORDS_FA, strict=True))
)
"""Single words of names that are put together."""
