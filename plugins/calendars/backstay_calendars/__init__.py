"""Work calendars: public holidays, closing days, working hours, due dates."""
