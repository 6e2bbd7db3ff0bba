{{ open_spans() }}
