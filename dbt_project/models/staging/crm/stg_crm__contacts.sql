{{ newest_rows_of('crm', 'contacts') }}
